namespace App.Engines.Jobs;

/// <summary>How an attempt ended: a value, so that the engine alone decides what becomes of the job.</summary>
internal abstract record JobOutcome
{
    private JobOutcome() { }

    /// <summary>What is written in the same commit.</summary>
    public JobEffect? Effect { get; init; }

    /// <summary>
    /// With <see cref="Retry"/> and <see cref="Snooze"/>: it gives up its place in its order, so that the jobs behind it need not wait for
    /// it.
    /// </summary>
    public bool LeavesOrder { get; init; }

    /// <summary>
    /// What was prefetched (<see cref="JobPrefetch"/>) for the jobs behind it in its order is out of date: they read it again.
    /// </summary>
    public bool InvalidatesPrefetch { get; init; }

    /// <summary>What it calls does not keep up: fewer jobs of its order run at once for a while, where they run side by side.</summary>
    public bool BacksOff { get; init; }

    /// <summary>Succeeded; the result, if any, is kept as JSON (at most 64 kB).</summary>
    public static JobOutcome Done(object? result = null) => result is null ? Succeeded.Empty : new Succeeded(result);

    /// <summary>Failed, to be tried again: after the given time, else after the kind's backoff. The last attempt makes it dead.</summary>
    public static JobOutcome Retry(string error, TimeSpan? after = null) => new Failed(error, after);

    /// <summary>Not now: runs again after the given time, and this attempt is not charged.</summary>
    public static JobOutcome Snooze(TimeSpan after) => new Snoozed(after);

    /// <summary>Needless: ends as cancelled.</summary>
    public static JobOutcome Cancel(string reason) => new Cancelled(reason);

    /// <summary>Will never succeed: dead at once, whatever attempts are left.</summary>
    public static JobOutcome Dead(string error) => new Died(error);

    internal sealed record Succeeded(object? Result) : JobOutcome
    {
        public static readonly Succeeded Empty = new((object?)null);
    }

    internal sealed record Failed(string Error, TimeSpan? After) : JobOutcome;

    internal sealed record Snoozed(TimeSpan After) : JobOutcome;

    internal sealed record Cancelled(string Reason) : JobOutcome;

    internal sealed record Died(string Error) : JobOutcome;

    /// <summary>Interrupted by a drain: back in the line, before others, not charged.</summary>
    internal sealed record Released : JobOutcome
    {
        public static readonly Released Instance = new();
    }

    /// <summary>Completed in the handler's own transaction: nothing is left to write.</summary>
    internal sealed record Settled : JobOutcome
    {
        public static readonly Settled Instance = new();
    }
}
