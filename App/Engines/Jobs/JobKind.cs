using System.Text.Json;

namespace App.Engines.Jobs;

/// <summary>A kind of job: its stable name, where it queues, how often and how long it is tried.</summary>
internal sealed record JobKind
{
    /// <summary>Stored with every job; never renamed (a checked-in list holds it).</summary>
    public required string Name { get; init; }

    /// <summary>The queue that its jobs join unless the caller names another.</summary>
    public string Queue { get; init; } = "default";

    /// <summary>Attempts before a job is dead.</summary>
    public int MaxAttempts { get; init; } = 10;

    /// <summary>How long an attempt may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Pause after the first failed attempt; it doubles with each, ±20 %, up to <see cref="LongestBackoff"/>.</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest pause between attempts.</summary>
    public TimeSpan LongestBackoff { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Whether jobs that succeeded are kept for a while (<c>job_done</c>); not where what they are about shows what became of it.
    /// </summary>
    public bool KeepsSucceeded { get; init; } = true;

    /// <summary>Runs a job of this kind: set by <see cref="JobRegistration.AddJobKind{TArgs, THandler}"/>.</summary>
    internal Func<IServiceProvider, string, JobContext, CancellationToken, Task<JobOutcome>> Run { get; init; } = null!;

    /// <summary>The type of its arguments.</summary>
    internal Type ArgsType { get; init; } = typeof(JsonElement);

    /// <summary>
    /// The pause after the given attempt failed: <c>Backoff × 2^(attempt−1)</c>, at most <see cref="LongestBackoff"/>, ±20 %.
    /// </summary>
    /// <param name="attempt">From 1.</param>
    /// <param name="chance">Uniform in [0, 1).</param>
    public TimeSpan BackoffAfter(int attempt, double chance) =>
        Backoff * Math.Min(Math.Pow(2, Math.Min(attempt - 1, 40)), LongestBackoff / Backoff) * (0.8 + (0.4 * chance));
}
