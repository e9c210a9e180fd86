namespace App.Engines.Jobs;

/// <summary>
/// Jobs with one order key that this worker has claimed together. As many run at once as the order is wide, one unless a job
/// says otherwise (<see cref="NewJob.OrderWidth"/>); the others wait behind them, in the order of their enqueue. Where jobs
/// report that the far side does not keep up (<see cref="JobOutcome.BacksOff"/>) fewer run at once for a while.
/// </summary>
internal sealed class JobSequences
{
    private readonly Dictionary<string, Sequence> sequences = new(StringComparer.Ordinal);
    private readonly Lock gate = new();
    private int count;

    private sealed class Sequence(int width)
    {
        public Queue<(ClaimedJob Job, JobSession Session)> Behind { get; set; } = [];

        public int Running { get; set; }

        // Halved by each that backs off, and one more with each that does not: as TCP shares a line.
        public double Width { get; private set; } = width;

        public bool HasRoom => Running < (int)Width;

        public void Adapt(bool backsOff) => Width = backsOff ? Math.Max(1, Width / 2) : Math.Min(width, Width + 1);
    }

    /// <summary>Jobs that stand behind others.</summary>
    public int Behind => Volatile.Read(ref count);

    /// <summary>Jobs as they are to run: by rank, then by id; of one order by id, whatever ranks they have.</summary>
    public static IEnumerable<ClaimedJob> InOrder(IReadOnlyList<(short Rank, ClaimedJob Job)> jobs)
    {
        var orders = jobs.Where(one => one.Job.OrderKey is not null).GroupBy(one => one.Job.OrderKey!, StringComparer.Ordinal)
            .ToDictionary(order => order.Key, order => new Queue<ClaimedJob>(order.Select(one => one.Job).OrderBy(job => job.Id)),
                StringComparer.Ordinal);
        return jobs.OrderBy(one => one.Rank)
            .ThenBy(one => one.Job.Id).Select(one => one.Job.OrderKey is { } key ? orders[key].Dequeue() : one.Job);
    }

    /// <summary>Whether a claimed job may run now; if not, it stands behind those that do.</summary>
    public bool Enter(ClaimedJob job, JobSession session)
    {
        if (job.OrderKey is null) return true;
        lock (gate)
        {
            if (!sequences.TryGetValue(job.OrderKey, out var sequence)) sequences[job.OrderKey] = sequence = new(job.OrderWidth);
            if (sequence.HasRoom && sequence.Behind.Count == 0)
            {
                sequence.Running++;
                return true;
            }
            sequence.Behind.Enqueue((job, session));
            count++;
            return false;
        }
    }

    /// <summary>The jobs behind one that has ended, which may run now: usually one, in its place.</summary>
    /// <param name="ended">The one that has ended.</param>
    /// <param name="outcome">How.</param>
    public IReadOnlyList<(ClaimedJob Job, JobSession Session)> Next(ClaimedJob ended, JobOutcome outcome)
    {
        if (ended.OrderKey is null) return [];
        lock (gate)
        {
            if (!sequences.TryGetValue(ended.OrderKey, out var sequence)) return [];
            sequence.Running--;
            sequence.Adapt(outcome.BacksOff);
            if (outcome.InvalidatesPrefetch && sequence.Behind.Count > 0)
                sequence.Behind = new(sequence.Behind.Select(one => (one.Job with { Prefetched = null }, one.Session)));
            var next = new List<(ClaimedJob, JobSession)>(1);
            while (sequence.HasRoom && sequence.Behind.TryDequeue(out var one))
            {
                sequence.Running++;
                count--;
                next.Add(one);
            }
            if (sequence.Running == 0) sequences.Remove(ended.OrderKey);
            return next;
        }
    }

    /// <summary>One does not run, or is to be tried again before those behind it: all of these, which must not run now.</summary>
    public IReadOnlyList<(ClaimedJob Job, JobSession Session)> Break(ClaimedJob head)
    {
        if (head.OrderKey is null) return [];
        lock (gate)
        {
            if (!sequences.TryGetValue(head.OrderKey, out var sequence)) return [];
            count -= sequence.Behind.Count;
            var behind = sequence.Behind;
            sequence.Behind = [];
            if (--sequence.Running == 0) sequences.Remove(head.OrderKey);
            return [.. behind];
        }
    }
}
