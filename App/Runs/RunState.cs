namespace App.Runs;

/// <summary>
/// The states of runs, steps and attempts, and what may follow what. The statements that change a state name the states
/// before it from these tables, so a change that stands in none of them changes no row; the schema holds the words.
/// </summary>
internal static class RunState
{
    /// <summary>Accepted; no step has begun.</summary>
    public const string Pending = "pending";

    /// <summary>A step has begun.</summary>
    public const string Running = "running";

    /// <summary>Every step has ended, none has failed that matters.</summary>
    public const string Succeeded = "succeeded";

    /// <summary>Every step has ended, and one has failed.</summary>
    public const string Failed = "failed";

    /// <summary>Stopped by its owner.</summary>
    public const string Cancelled = "cancelled";

    /// <summary>A step whose dependencies have succeeded: its job is queued, for the first attempt or the next.</summary>
    public const string Ready = "ready";

    /// <summary>A step that waits for a time or a person and holds no worker.</summary>
    public const string Waiting = "waiting";

    /// <summary>A step that will not run, for one that it depends on has not succeeded.</summary>
    public const string Skipped = "skipped";

    /// <summary>An attempt that ended with its worker, or at its drain.</summary>
    public const string Interrupted = "interrupted";

    /// <summary>Every status of a run.</summary>
    public static IReadOnlyList<string> OfRuns { get; } = [Pending, Running, Succeeded, Failed, Cancelled];

    /// <summary>Every status of a step.</summary>
    public static IReadOnlyList<string> OfSteps { get; } = [Pending, Ready, Running, Waiting, Succeeded, Failed, Skipped, Cancelled];

    /// <summary>Every status of an attempt.</summary>
    public static IReadOnlyList<string> OfAttempts { get; } = [Running, Waiting, Succeeded, Failed, Interrupted, Cancelled];

    private static readonly Dictionary<string, string[]> BeforeRun = new()
    {
        [Running] = [Pending, Failed],
        [Succeeded] = [Pending, Running],
        [Failed] = [Pending, Running],
        [Cancelled] = [Pending, Running],
    };

    private static readonly Dictionary<string, string[]> BeforeStep = new()
    {
        [Pending] = [Failed, Skipped],
        [Ready] = [Pending, Running],
        [Running] = [Ready, Running, Waiting],
        [Waiting] = [Running],
        [Succeeded] = [Running, Waiting],
        [Failed] = [Ready, Running, Waiting],
        [Skipped] = [Pending],
        [Cancelled] = [Pending, Ready, Running, Waiting],
    };

    private static readonly Dictionary<string, string[]> BeforeAttempt = new()
    {
        [Running] = [Waiting],
        [Waiting] = [Running],
        [Succeeded] = [Running, Waiting],
        [Failed] = [Running, Waiting],
        [Interrupted] = [Running],
        [Cancelled] = [Running, Waiting],
    };

    /// <summary>The states from which a run may come to one.</summary>
    public static string[] RunBefore(string status) => BeforeRun[status];

    /// <summary>The states from which a step may come to one.</summary>
    public static string[] StepBefore(string status) => BeforeStep[status];

    /// <summary>The states from which an attempt may come to one.</summary>
    public static string[] AttemptBefore(string status) => BeforeAttempt[status];

    /// <summary>Whether a run or step in this state is over.</summary>
    public static bool IsEnded(string status) => status is Succeeded or Failed or Skipped or Cancelled;
}
