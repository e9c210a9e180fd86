using System.Diagnostics.Metrics;

namespace App.Energy.Readings.Ingest;

/// <summary>What <c>/metrics</c> says of taking readings.</summary>
internal sealed class IngestMetrics
{
    private readonly Counter<long> accepted;
    private readonly Counter<long> stored;
    private readonly Counter<long> refused;
    private readonly Counter<long> commits;
    private readonly Histogram<double> commitSeconds;

    /// <summary>Counts from zero.</summary>
    public IngestMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("Tandem.Readings");
        accepted = meter.CreateCounter<long>("tandem_readings_accepted_total", "{reading}", "Readings acknowledged.");
        stored = meter.CreateCounter<long>("tandem_readings_stored_total", "{reading}", "Readings that were new or changed.");
        refused = meter.CreateCounter<long>("tandem_ingest_refused_total", "{request}", "Ingest requests answered 429.");
        commits = meter.CreateCounter<long>("tandem_ingest_commits_total", "{commit}", "Group commits of readings.");
        commitSeconds = meter.CreateHistogram<double>("tandem_ingest_commit_seconds", "s", "Duration of a group commit.");
        // Shown as zero before the first, so that its rise can be seen.
        accepted.Add(0);
        stored.Add(0);
        refused.Add(0);
        commits.Add(0);
    }

    /// <summary>
    /// A request is answered: readings acknowledged (duplicates included), and those of them that were new or changed a stored one.
    /// </summary>
    public void Acknowledged(int readings, int stored)
    {
        accepted.Add(readings);
        this.stored.Add(stored);
    }

    /// <summary>A request was refused for want of room.</summary>
    public void Refused() => refused.Add(1);

    /// <summary>A group is committed.</summary>
    /// <param name="seconds">From taking its requests to its commit.</param>
    public void Committed(double seconds)
    {
        commits.Add(1);
        commitSeconds.Record(seconds);
    }
}
