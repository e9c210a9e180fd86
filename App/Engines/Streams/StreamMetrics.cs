using System.Diagnostics.Metrics;

namespace App.Engines.Streams;

/// <summary>What <c>/metrics</c> says of consumer groups.</summary>
internal sealed class StreamMetrics
{
    private readonly Counter<long> entries;
    private readonly Counter<long> dead;
    private readonly Histogram<double> delaySeconds;

    /// <summary>Counts from zero.</summary>
    public StreamMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("Tandem.Streams");
        entries = meter.CreateCounter<long>("tandem_stream_entries_total", "{entry}", "Stream entries committed.");
        dead = meter.CreateCounter<long>("tandem_stream_dead_entries_total", "{entry}", "Stream entries set aside.");
        delaySeconds = meter.CreateHistogram<double>("tandem_stream_delay_seconds", "s", "From append to committed effects.");
    }

    /// <summary>The effects and the offset of a batch are committed.</summary>
    /// <param name="group">By which group.</param>
    /// <param name="count">Entries of the batch.</param>
    /// <param name="delay">From the append of the first to this commit.</param>
    public void Committed(string group, int count, TimeSpan delay)
    {
        var label = new KeyValuePair<string, object?>("group", group);
        entries.Add(count, label);
        delaySeconds.Record(delay.TotalSeconds, label);
    }

    /// <summary>An entry was set aside.</summary>
    public void SetAside(string group) => dead.Add(1, new KeyValuePair<string, object?>("group", group));
}
