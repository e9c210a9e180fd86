using System.Diagnostics;
using App.Platform.Observability;

namespace App.Energy.Readings.Ingest;

/// <summary>The trace of a group commit: that of its first request that is traced, linked to those of the others.</summary>
internal static class IngestTrace
{
    private static readonly ActivitySource Source = new("Tandem.Readings");

    /// <summary>Begins the activity of a commit; null: nobody traces it.</summary>
    public static Activity? Begin(IReadOnlyList<GroupCommit.Request> group) => Source.HasListeners()
        ? TraceContext.Begin(Source, "commit readings", group.Select(request => request.Traceparent),
            ActivityKind.Internal)?.SetTag("tandem.ingest.requests", group.Count)
        : null;
}
