using App.Platform.Configuration;

namespace App.Runs;

/// <summary>How steps are tried where their plan does not say.</summary>
internal sealed record RunOptions
{
    /// <summary>The longest time that a step may ask for an attempt, in ms.</summary>
    public const int LongestTimeoutMs = 3_600_000;

    /// <summary>The most attempts that a step may ask for.</summary>
    public const int MostAttempts = 100;

    /// <summary>The longest pause between two attempts.</summary>
    public static readonly TimeSpan LongestBackoff = TimeSpan.FromMinutes(5);

    /// <summary>How long an attempt may take, in ms.</summary>
    public required int StepTimeoutMs { get; init; }

    /// <summary>Attempts of a step.</summary>
    public required int MaxAttempts { get; init; }

    /// <summary>The pause after the first failed attempt; it doubles with each.</summary>
    public required TimeSpan Backoff { get; init; }

    /// <summary>How long runs that ended are kept; null: for ever.</summary>
    public TimeSpan? Keep { get; init; }

    /// <summary>Reads the variables of runs.</summary>
    public static RunOptions Read(Variables variables) => new()
    {
        StepTimeoutMs = variables.Integer("STEP_TIMEOUT_MS", 30_000, 1, LongestTimeoutMs),
        MaxAttempts = variables.Integer("MAX_RETRY_ATTEMPTS", 3, 1, MostAttempts),
        Backoff = TimeSpan.FromMilliseconds(variables.Integer("RETRY_BACKOFF_MS", 5000, 1, (int)LongestBackoff.TotalMilliseconds)),
        Keep = variables.Integer("RUN_RETENTION_DAYS", 90, 0, 3650) is > 0 and var days ? TimeSpan.FromDays(days) : null,
    };

    /// <summary>
    /// The pause after the given attempt failed: <c>Backoff × 2^(attempt−1)</c>, ±20 %, at most <see cref="LongestBackoff"/>.
    /// </summary>
    /// <param name="attempt">From 1.</param>
    /// <param name="chance">Uniform in [0, 1).</param>
    public TimeSpan BackoffAfter(int attempt, double chance)
    {
        var pause = Backoff * Math.Pow(2, Math.Min(attempt - 1, 30)) * (0.8 + (0.4 * chance));
        return pause < LongestBackoff ? pause : LongestBackoff;
    }
}
