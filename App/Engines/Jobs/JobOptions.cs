using App.Platform.Configuration;

namespace App.Engines.Jobs;

/// <summary>How jobs are run and kept.</summary>
internal sealed record JobOptions
{
    /// <summary>Channel on which a commit says that jobs were added.</summary>
    public const string Channel = "tandem_jobs";

    /// <summary>Channel on which a commit says that running jobs are to be cancelled.</summary>
    public const string CancelChannel = "tandem_job_cancels";

    private static readonly TimeSpan LongestDrainGrace = TimeSpan.FromSeconds(4);

    /// <summary>Jobs that a worker process runs at once.</summary>
    public required int Concurrency { get; init; }

    /// <summary>A worker's lease is this often renewed, or more often.</summary>
    public required TimeSpan Heartbeat { get; init; }

    /// <summary>How long a draining worker waits for jobs to end by themselves.</summary>
    public required TimeSpan Drain { get; init; }

    /// <summary>How long it then waits for those that it told to stop.</summary>
    public required TimeSpan DrainGrace { get; init; }

    /// <summary>How long jobs that succeeded are kept.</summary>
    public required TimeSpan KeepDone { get; init; }

    /// <summary>How long dead and cancelled jobs, and logs, are kept.</summary>
    public required TimeSpan KeepDead { get; init; }

    /// <summary>A crashed worker's jobs are freed after this and one <see cref="Tick"/> at most.</summary>
    public TimeSpan Lease => Heartbeat * 3;

    /// <summary>
    /// How often a worker renews its lease and looks for cancellations: a cancel takes effect within this even if its notification is lost.
    /// </summary>
    public TimeSpan Beat => Heartbeat < TimeSpan.FromSeconds(2) ? Heartbeat : TimeSpan.FromSeconds(2);

    /// <summary>How often due jobs are queued and dead workers looked for, at least.</summary>
    public TimeSpan Tick { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How often an idle worker looks although nothing was notified.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// How long a handler may go on after it was told to stop, before it is left to itself and its place is given to another.
    /// </summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Jobs that are claimed ahead of room to run them, at most, when they are short.</summary>
    public int MostAhead { get; init; } = 4000;

    /// <summary>Jobs of one claim, and ends of one commit, at most.</summary>
    public int MostTogether { get; init; } = 1000;

    /// <summary>Whatever keeps dead rows from being vacuumed for longer than this is named.</summary>
    public TimeSpan PinnedAfter { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Reads the variables of jobs.</summary>
    public static JobOptions Read(Variables variables)
    {
        var drain = TimeSpan.FromSeconds(variables.Integer("DRAIN_SECONDS", 30, 1, 3600));
        return new()
        {
            Concurrency = variables.Integer("WORKER_CONCURRENCY", 8, 1, 1000),
            Heartbeat = TimeSpan.FromMilliseconds(variables.Integer("HEARTBEAT_INTERVAL_MS", 5000, 100, 60_000)),
            // Together less than the host gives (PlatformSetup), so that what has not ended is still given back.
            Drain = drain * 0.5,
            DrainGrace = drain * 0.2 < LongestDrainGrace ? drain * 0.2 : LongestDrainGrace,
            KeepDone = TimeSpan.FromHours(variables.Integer("JOB_RETENTION_HOURS", 72, 1, 24 * 365)),
            KeepDead = TimeSpan.FromDays(variables.Integer("JOB_DEAD_RETENTION_DAYS", 30, 1, 3650)),
        };
    }
}
