namespace App.Engines.Jobs;

/// <summary>Jobs with one order key that this worker has claimed together: one runs, the others wait behind it in their order.</summary>
internal sealed class JobSequences
{
    private readonly Dictionary<string, Queue<(ClaimedJob Job, JobSession Session)>> behind = new(StringComparer.Ordinal);
    private readonly Lock gate = new();
    private int count;

    /// <summary>Jobs that stand behind another.</summary>
    public int Behind => Volatile.Read(ref count);

    /// <summary>Jobs as they are to run: by rank, then by id; of one order by id, whatever ranks they have.</summary>
    public static IEnumerable<ClaimedJob> InOrder(IReadOnlyList<(short Rank, ClaimedJob Job)> jobs)
    {
        var orders = jobs.Where(one => one.Job.OrderKey is not null).GroupBy(one => one.Job.OrderKey!, StringComparer.Ordinal)
            .ToDictionary(order => order.Key, order => new Queue<ClaimedJob>(order.Select(one => one.Job).OrderBy(job => job.Id)), StringComparer.Ordinal);
        return jobs.OrderBy(one => one.Rank).ThenBy(one => one.Job.Id).Select(one => one.Job.OrderKey is { } key ? orders[key].Dequeue() : one.Job);
    }

    /// <summary>Whether a claimed job may run now; if not, it stands behind the one that does.</summary>
    public bool Enter(ClaimedJob job, JobSession session)
    {
        if (job.OrderKey is null) return true;
        lock (gate)
        {
            if (behind.TryAdd(job.OrderKey, [])) return true;
            behind[job.OrderKey].Enqueue((job, session));
            count++;
            return false;
        }
    }

    /// <summary>The job behind one that has ended, which may run now; null: none.</summary>
    /// <param name="ended">The one that has ended.</param>
    /// <param name="prefetchHolds">Whether what was read with the claims of those behind it still holds.</param>
    public (ClaimedJob Job, JobSession Session)? Next(ClaimedJob ended, bool prefetchHolds = true)
    {
        if (ended.OrderKey is null) return null;
        lock (gate)
        {
            if (!behind.TryGetValue(ended.OrderKey, out var queue)) return null;
            if (queue.TryDequeue(out var next))
            {
                count--;
                if (!prefetchHolds)
                {
                    behind[ended.OrderKey] = new(queue.Select(one => (one.Job with { Prefetched = null }, one.Session)));
                    next.Job = next.Job with { Prefetched = null };
                }
                return next;
            }
            behind.Remove(ended.OrderKey);
            return null;
        }
    }

    /// <summary>All that stand behind one that is to be tried again: they must not run before it.</summary>
    public IReadOnlyList<(ClaimedJob Job, JobSession Session)> Break(ClaimedJob head)
    {
        if (head.OrderKey is null) return [];
        lock (gate)
        {
            if (!behind.Remove(head.OrderKey, out var queue)) return [];
            count -= queue.Count;
            return [.. queue];
        }
    }
}
