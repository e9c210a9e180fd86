using App.Platform.Configuration;

namespace App.Engines.Background;

/// <summary>How background jobs are run. The times are those that were measured: docs/background.md.</summary>
internal sealed record BackgroundOptions
{
    /// <summary>Workers of each queue in a worker process; a queue with none is left to other processes.</summary>
    public required IReadOnlyDictionary<string, int> Workers { get; init; }

    /// <summary>
    /// How long a draining server lets jobs run before it tells them to stop: shorter than <see cref="Invisibility"/>, so that none is
    /// taken for dead meanwhile.
    /// </summary>
    public required TimeSpan StopTimeout { get; init; }

    /// <summary>How long it waits altogether; less than the host gives.</summary>
    public required TimeSpan ShutdownTimeout { get; init; }

    /// <summary>A job whose worker has not been heard of for so long is run by another.</summary>
    public TimeSpan Invisibility { get; init; } = TimeSpan.FromSeconds(12);

    /// <summary>How often an idle worker looks for a job.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>A lock whose holder died is taken by another after this.</summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often a server says that it is alive.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A server that has said nothing for so long is taken off the list.</summary>
    public TimeSpan ServerTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How often due retries are queued, and running jobs asked whether somebody has cancelled them.</summary>
    public TimeSpan Tick { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Reads the variables.</summary>
    public static BackgroundOptions Read(Variables variables)
    {
        var drain = TimeSpan.FromSeconds(variables.Integer("DRAIN_SECONDS", 30, 1, 3600));
        var invisibility = TimeSpan.FromSeconds(12);
        return new()
        {
            Workers = new Dictionary<string, int>
            {
                [BackgroundQueues.Default] = variables.Integer("BACKGROUND_WORKERS_DEFAULT", 5, 0, 100),
                [BackgroundQueues.Training] = variables.Integer("BACKGROUND_WORKERS_TRAINING", 1, 0, 100),
                [BackgroundQueues.Upkeep] = variables.Integer("BACKGROUND_WORKERS_UPKEEP", 2, 0, 100),
            },
            Invisibility = invisibility,
            StopTimeout = drain * 0.5 < invisibility * 0.75 ? drain * 0.5 : invisibility * 0.75,
            ShutdownTimeout = drain * 0.7,
        };
    }
}
