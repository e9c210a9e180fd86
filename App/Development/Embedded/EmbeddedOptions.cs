namespace App.Development.Embedded;

/// <summary>Where and how an embedded server runs.</summary>
internal sealed record EmbeddedOptions
{
    /// <summary>The folder that holds everything of it; made when missing. Relative to the current directory.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>
    /// Whether it also takes password-protected connections on 127.0.0.1, for other processes. On Unix it otherwise
    /// opens no port at all; on Windows it always does.
    /// </summary>
    public bool ListenOnLoopback { get; init; }

    /// <summary>The loopback port, 0 for a free one.</summary>
    public int Port { get; init; }

    /// <summary>
    /// False turns fsync off: an acknowledged commit then survives a crash of the server, but not one of the machine.
    /// Only for tests.
    /// </summary>
    public bool Durable { get; init; } = true;

    /// <summary>The folder of the binaries to use; null looks for them (<see cref="BinaryLocations"/>).</summary>
    public string? BinariesDirectory { get; init; }

    /// <summary>How long a start may take; a crash recovery is part of it.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long a fast shutdown may take before an immediate one, whose cost is a recovery at the next start.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(10);
}
