namespace App.Engines.Jobs;

/// <summary>Lines: the jobs of one organization in one queue. Claims come to them in turn.</summary>
internal static class JobLine
{
    private static readonly Comparer<(string Queue,
        string Organization)> Order = Comparer<(string Queue, string Organization)>.Create((a, b) =>
        string.CompareOrdinal(a.Queue, b.Queue) is var queues and not 0 ? queues : string.CompareOrdinal(a.Organization, b.Organization));

    /// <summary>The line behind which the next claim goes on: the last that this one came to, which may have come round.</summary>
    /// <param name="after">The line behind which this one began.</param>
    /// <param name="jobs">What it has claimed.</param>
    public static (string Queue, string Organization) Last((string Queue, string Organization) after,
        IReadOnlyList<(short Rank, ClaimedJob Job)> jobs)
    {
        var lines = jobs.Select(one => (one.Job.Queue, one.Job.Organization)).ToHashSet();
        if (lines.Count <= 1) return lines.FirstOrDefault(after);
        var round = lines.Where(line => Order.Compare(line, after) <= 0).ToList();
        return (round.Count > 0 ? round : [.. lines]).Max(Order);
    }
}
