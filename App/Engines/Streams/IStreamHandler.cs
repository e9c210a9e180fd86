using Npgsql;

namespace App.Engines.Streams;

/// <summary>
/// A consumer group's work. It answers effects as commands; the engine commits them together with the offsets, fenced
/// by the shards' epochs, so each entry has its effects exactly once. One instance serves one process, one call at a time.
/// </summary>
internal interface IStreamHandler
{
    /// <summary>The stream that it reads.</summary>
    string Stream { get; }

    /// <summary>The group whose offsets it moves.</summary>
    string Group { get; }

    /// <summary>A group of the same stream that this one must not overtake, or null.</summary>
    string? Follows => null;

    /// <summary>How long entries are gathered before they are handled; zero: at once.</summary>
    TimeSpan Linger => TimeSpan.Zero;

    /// <summary>Entries of one shard that are handled at once, at most.</summary>
    int BatchPerShard => 32;

    /// <summary>
    /// Whether its effects follow from the entries alone, and nothing outside the database is done because of them. Their
    /// commit then does not wait for the disk: a database that crashes may forget the last of them, effects and offsets
    /// together, and they are made again of entries, which are durable.
    /// </summary>
    bool EffectsAreDerived => false;

    /// <summary>Why it cannot work now (no model), or null: the stream waits meanwhile, and nothing is lost.</summary>
    string? WaitsFor => null;

    /// <summary>Turns entries (in order within each shard) into effects. A throw charges an attempt to the entry that causes it.</summary>
    Task<IReadOnlyList<NpgsqlBatchCommand>> HandleAsync(IReadOnlyList<StreamEntry> entries, CancellationToken ct);

    /// <summary>The effects last answered are committed.</summary>
    void Committed() { }

    /// <summary>What is remembered of a shard no longer holds: it was lost, or its last effects were not committed.</summary>
    void Forget(short shard);
}
