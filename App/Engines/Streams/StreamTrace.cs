using System.Diagnostics;
using App.Platform.Observability;
using Npgsql;

namespace App.Engines.Streams;

/// <summary>
/// The trace of an entry: a column of its row, filled from a setting of the transaction that appends it. A batch goes on
/// in the trace of its first entry, and is linked to those of the others.
/// </summary>
internal static class StreamTrace
{
    private static readonly ActivitySource Source = new("Tandem.Streams");

    /// <summary>Before an append in the same transaction: lets the entries carry a context.</summary>
    public static NpgsqlBatchCommand Carry(string traceparent) =>
        new("select set_config('tandem.traceparent', $1, true)") { Parameters = { new() { Value = traceparent } } };

    /// <summary>Begins the activity of a batch; null: nobody traces it.</summary>
    public static Activity? Begin(IStreamHandler handler, IReadOnlyList<StreamEntry> entries) => Source.HasListeners()
        ? TraceContext.Begin(Source, $"{handler.Group} {handler.Stream}",
            entries.Select(entry => entry.Traceparent))?.SetTag("tandem.stream.entries", entries.Count)
        : null;
}
