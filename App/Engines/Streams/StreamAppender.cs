using App.Platform.Observability;
using Npgsql;
using NpgsqlTypes;

namespace App.Engines.Streams;

/// <summary>
/// Appends in the caller's transaction. Offsets are handed out under the lock of the shard's row, which is held until
/// the caller commits: whoever reads offset n therefore sees every offset below n. (Numbers from a sequence would
/// become visible in the order of commits, and a reader of "greater than the last seen" would skip some for ever.)
/// </summary>
internal static class StreamAppender
{
    /// <summary>Channel on which a commit announces that a stream has grown; one notification a commit.</summary>
    public const string Channel = "tandem_stream";

    /// <summary>SQLSTATE of an append behind a head that is not the shard's any more.</summary>
    public const string HeadMoved = "TD002";

    private const string LockSql = "select shard, head from stream_shards where stream = $1 and shard = any($2) order by shard for update";

    /// <summary>Makes sure that the shards of a stream exist; call it once at start.</summary>
    public static async Task EnsureShardsAsync(NpgsqlDataSource source, string stream, int shards, CancellationToken ct)
    {
        // Asked first, since an insert waits for appends under way on the rows that it meets.
        await using var command = source.CreateCommand("""
            insert into stream_shards (stream, shard) select $1, n.shard from generate_series(0, $2 - 1) as n(shard)
            where not exists (select from stream_shards h where h.stream = $1 and h.shard = n.shard)
            on conflict do nothing
            """);
        command.Parameters.Add(new() { Value = stream });
        command.Parameters.Add(new() { Value = shards });
        await command.ExecuteNonQueryAsync(ct);
    }

    /// <summary>The command that locks shards, in an order in which two appenders cannot block each other; answers (shard, head).</summary>
    public static NpgsqlBatchCommand Lock(string stream, short[] shards) => new(LockSql)
    {
        Parameters = { new() { Value = stream }, new() { Value = shards } },
    };

    /// <summary>
    /// The command that appends behind known heads, moves them in <paramref name="heads"/>, and wakes consumers once it commits.
    /// Every one of the heads must be as it is known, also where nothing is appended.
    /// It fails with <see cref="HeadMoved"/> when another process has appended meanwhile, which cannot be while the shards are locked.
    /// </summary>
    public static NpgsqlBatchCommand Append(string stream, IReadOnlyList<NewEntry> entries, Dictionary<short, long> heads)
    {
        var touched = heads.Keys.Order().ToArray();
        var known = Array.ConvertAll(touched, shard => heads[shard]);
        var offsets = new long[entries.Count];
        for (var i = 0; i < entries.Count; i++) offsets[i] = ++heads[entries[i].Shard];
        return new("select stream_append($1, $2, $3, $4, $5, $6)")
        {
            Parameters =
            {
                new() { Value = stream },
                new() { Value = touched },
                new() { Value = known },
                new() { Value = entries.Select(entry => entry.Shard).ToArray() },
                new() { Value = offsets },
                new() { Value = entries.Select(entry => entry.Payload).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea },
            },
        };
    }

    /// <summary>Locks, appends and announces, in the caller's transaction.</summary>
    public static async Task AppendAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string stream,
        IReadOnlyList<NewEntry> entries, CancellationToken ct)
    {
        var heads = new Dictionary<short, long>();
        await using (var locking = new NpgsqlBatch(connection,
            transaction)
        { BatchCommands = { Lock(stream, [.. entries.Select(e => e.Shard).Distinct()]) } })
        await using (var reader = await locking.ExecuteReaderAsync(ct))
            while (await reader.ReadAsync(ct)) heads[reader.GetInt16(0)] = reader.GetInt64(1);
        await using var batch = new NpgsqlBatch(connection, transaction);
        if (TraceContext.Current is { } traceparent) batch.BatchCommands.Add(StreamTrace.Carry(traceparent));
        batch.BatchCommands.Add(Append(stream, entries, heads));
        await batch.ExecuteNonQueryAsync(ct);
    }
}
