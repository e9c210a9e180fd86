namespace App.Engines.Jobs;

/// <summary>
/// Places for jobs in this process. Beside the pool of all queues, whose places <c>WORKER_CONCURRENCY</c> counts, a queue may
/// have one of its own: for jobs that mostly wait for others.
/// </summary>
/// <param name="Queue">The queue; null: all that have no pool of their own.</param>
/// <param name="Concurrency">Jobs at once in this process.</param>
internal sealed record JobPool(string? Queue, int Concurrency)
{
    /// <summary>Jobs of one order that are claimed together, and run as its width says.</summary>
    public int Together { get; init; } = 1;

    /// <summary>How often it looks although nothing was notified; null: as all do.</summary>
    public TimeSpan? Poll { get; init; }

    /// <summary>Jobs of one claim at most; null: as all do.</summary>
    public int? MostTogether { get; init; }

    /// <summary>What is read with each claim, for the handlers of the jobs; null: nothing.</summary>
    public JobPrefetch? Prefetch { get; init; }
}
