using App.Platform.Observability;

namespace App.Engines.Jobs;

/// <summary>A job to be enqueued.</summary>
/// <param name="Kind">Name of a registered kind.</param>
/// <param name="Args">Written as JSON.</param>
internal sealed record NewJob(string Kind, object Args)
{
    /// <summary>Whose it is; empty for the product's own work. Organizations share the workers fairly.</summary>
    public string Organization { get; init; } = "";

    /// <summary>Lower runs sooner, among jobs of the same queue and organization; within -1000 to 1000.</summary>
    public int Priority { get; init; }

    /// <summary>Runs no sooner than this long after the enqueue (by the database's clock).</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>The queue, where not the kind's.</summary>
    public string? Queue { get; init; }

    /// <summary>Attempts, where not the kind's.</summary>
    public int? MaxAttempts { get; init; }

    /// <summary>While a job with this key lives, another is not added.</summary>
    public string? UniqueKey { get; init; }

    /// <summary>
    /// With <see cref="UniqueKey"/>: no other is added within this time of the enqueue either, even when the job has ended.
    /// </summary>
    public TimeSpan? UniqueFor { get; init; }

    /// <summary>
    /// Jobs with this key run one at a time in the order of their enqueue; a failing one holds those behind it until it succeeds or ends.
    /// </summary>
    public string? OrderKey { get; init; }

    /// <summary>
    /// With <see cref="OrderKey"/>: how many jobs with the key may run at once, over all workers. With more than one they keep no
    /// order in time, and a failing one holds up nobody; all of those that run are one worker's. Jobs with one key say the same.
    /// </summary>
    public int OrderWidth { get; init; } = 1;

    /// <summary>What keeps it from running together with others.</summary>
    public IReadOnlyList<JobLimit> Limits { get; init; } = [];

    /// <summary>The trace that it goes on with: that of whoever makes this, where it is recorded.</summary>
    public string? Traceparent { get; init; } = TraceContext.Current;
}

/// <summary>A limit that all jobs that name the same key share.</summary>
/// <param name="Key">For example <c>building:7</c>.</param>
/// <param name="Concurrency">Jobs at once, or null.</param>
/// <param name="Rate">Starts in each <paramref name="Per"/>, or null.</param>
/// <param name="Per">The span of the rate, in seconds.</param>
internal sealed record JobLimit(string Key, int? Concurrency = null, int? Rate = null, double? Per = null)
{
    /// <summary>At most so many at once.</summary>
    public static JobLimit AtOnce(string key, int jobs) => new(key, Concurrency: jobs);

    /// <summary>At most so many starts in each span of time, evenly spaced.</summary>
    public static JobLimit Starts(string key, int jobs, TimeSpan per) => new(key, Rate: jobs, Per: per.TotalSeconds);
}

/// <summary>What became of an enqueue.</summary>
/// <param name="Id">The job; where it is a duplicate, the one that is there already.</param>
/// <param name="Added">False: a job with the same unique key is there already.</param>
internal readonly record struct Enqueued(long Id, bool Added);
