using App.Platform.Configuration;

namespace App.Engines.Streams;

/// <summary>How streams are cut and kept.</summary>
internal sealed record StreamOptions
{
    /// <summary>Whether this process consumes when it is a worker.</summary>
    public required bool Enabled { get; init; }

    /// <summary>Shards that new buildings are spread over; buildings keep the shard that they began in.</summary>
    public required int Shards { get; init; }

    /// <summary>How long consumed entries are kept for replay.</summary>
    public required TimeSpan Retention { get; init; }

    /// <summary>A shard's lease: a crashed owner's shards are taken over after this and one tick at most.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>How often leases are renewed and shards balanced.</summary>
    public TimeSpan LeaseTick { get; init; } = TimeSpan.FromSeconds(1.5);

    /// <summary>How often an idle consumer looks although nothing was notified.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Attempts after which an entry is set aside; to have ended its process is one.</summary>
    public int MaxAttempts { get; init; } = 3;

    /// <summary>
    /// Owners that a shard may lose at one offset before its entries are suspected. One is ordinary (a machine that is
    /// gone, a kill), and what it left is done again together.
    /// </summary>
    public int OrdinaryCrashes { get; init; } = 1;

    /// <summary>Reads the stream's variables.</summary>
    public static StreamOptions Read(Variables variables) => new()
    {
        Enabled = variables.Flag("PIPELINE_ENABLED", true),
        Shards = variables.Integer("STREAM_SHARDS", 16, 1, 1024),
        Retention = TimeSpan.FromHours(variables.Integer("STREAM_RETENTION_HOURS", 48, 1, 24 * 365)),
    };
}
