using App.Platform.Database;
using Npgsql;

namespace App.Engines.Streams;

/// <summary>A shard that this process owns until its lease ends.</summary>
/// <param name="Shard">Which.</param>
/// <param name="Epoch">Named by every commit: a later owner has a higher one.</param>
/// <param name="Committed">Offset up to which the group had come when the shard was taken.</param>
/// <param name="Crashes">Owners that were lost, not released, since it came there.</param>
/// <param name="CrashesInHand">Those of them that were lost while they handled the next entry alone.</param>
internal readonly record struct OwnedShard(short Shard, long Epoch, long Committed, int Crashes, int CrashesInHand);

/// <summary>
/// Spreads a group's shards over the live workers. A worker that is seen renews its leases every tick; shards of one
/// that is not seen any more expire and are taken by the others, each up to its fair share; a worker with more than
/// its share gives some back. All by the database's clock.
/// </summary>
internal sealed class ShardLeases(Postgres postgres, StreamOptions options, string stream, string group, ILogger log)
{
    private readonly Lock gate = new();
    private Dictionary<short, OwnedShard> owned = [];

    private const string SeenSql = """
        insert into stream_members (stream, consumer_group, member, expires_at) values ($1, $2, $3, clock_timestamp() + $4)
        on conflict (stream, consumer_group, member) do update set expires_at = excluded.expires_at
        """;

    private const string RenewSql = """
        update stream_offsets set lease_expires_at = clock_timestamp() + $4
        where stream = $1 and consumer_group = $2 and owner = $3 and lease_expires_at > clock_timestamp()
        returning shard, epoch, committed, crashes, crashes_in_hand
        """;

    private const string ShareSql = """
        with gone as (delete from stream_members where stream = $1 and consumer_group = $2 and expires_at < clock_timestamp())
        select (select count(*) from stream_members where stream = $1 and consumer_group = $2 and expires_at >= clock_timestamp()),
               (select count(*) from stream_offsets where stream = $1 and consumer_group = $2)
        """;

    // A lease that ended without being released is counted as a crash of its owner, in the statement that takes the shard.
    // Not counted are one's own lease (this process lives), one that ended while the database was away, and one of a
    // shard that had nothing to do.
    private const string TakeSql = """
        with free as (
            select shard, owner,
                   coalesce(owner <> $3 and lease_expires_at > pg_postmaster_start_time(), false)
                   and exists (select from stream_shards h where h.stream = $1 and h.shard = f.shard and h.head > f.committed) as crashed
            from stream_offsets f
            where stream = $1 and consumer_group = $2 and (owner is null or lease_expires_at <= clock_timestamp())
            order by shard limit $5 for update
        )
        update stream_offsets o
        set owner = $3, epoch = o.epoch + 1, lease_expires_at = clock_timestamp() + $4, in_hand = 0,
            crashes = o.crashes + free.crashed::int,
            crashes_in_hand = o.crashes_in_hand + (free.crashed and o.in_hand > o.committed)::int
        from free where o.stream = $1 and o.consumer_group = $2 and o.shard = free.shard
        returning o.shard, o.epoch, o.committed, o.crashes, o.crashes_in_hand, free.owner
        """;

    private const string ReleaseSql = """
        update stream_offsets set owner = null, lease_expires_at = null, in_hand = 0
        where stream = $1 and consumer_group = $2 and owner = $3 and shard = any($4)
        """;

    /// <summary>Shards held now.</summary>
    public IReadOnlyCollection<OwnedShard> Owned
    {
        get { lock (gate) return owned.Values; }
    }

    /// <summary>Makes sure that the group has an offset for each shard of the stream.</summary>
    public async Task EnsureOffsetsAsync(CancellationToken ct)
    {
        // Asked first, since an insert waits for commits under way on the rows that it meets.
        await using var command = Command("""
            insert into stream_offsets (stream, consumer_group, shard)
            select h.stream, $2, h.shard from stream_shards h
            where h.stream = $1 and not exists (select from stream_offsets o where o.stream = h.stream and o.consumer_group = $2
                and o.shard = h.shard)
            on conflict do nothing
            """);
        await command.ExecuteNonQueryAsync(ct);
    }

    /// <summary>One tick: be seen, renew, then take or give back until the share is fair.</summary>
    public async Task TickAsync(CancellationToken ct)
    {
        await EnsureOffsetsAsync(ct);
        await using (var seen = Command(SeenSql, postgres.ProcessName, options.LeaseDuration)) await seen.ExecuteNonQueryAsync(ct);
        var held = await ReadAsync(Command(RenewSql, postgres.ProcessName, options.LeaseDuration), ct);
        Replace(held);

        var (members, shards) = await ShareAsync(ct);
        var fair = (shards + members - 1) / members;
        if (held.Count > fair) await ReleaseAsync([.. held.Keys.Order().Skip(fair)], ct);
        else if (held.Count < fair) await TakeAsync(fair - held.Count, ct);
    }

    /// <summary>Gives shards back at once, so that another worker need not wait for their leases to end.</summary>
    public async Task ReleaseAsync(short[] shards, CancellationToken ct)
    {
        lock (gate) owned = owned.Where(pair => !shards.Contains(pair.Key)).ToDictionary();
        await using var command = Command(ReleaseSql, postgres.ProcessName, shards);
        await command.ExecuteNonQueryAsync(ct);
        if (shards.Length > 0) log.LogInformation("Released shards {Shards:l} of {Group:l}", string.Join(',', shards), group);
    }

    /// <summary>Leaves the group: for a drain.</summary>
    public async Task LeaveAsync(CancellationToken ct)
    {
        await ReleaseAsync([.. Owned.Select(shard => shard.Shard)], ct);
        await using var command = Command("delete from stream_members where stream = $1 and consumer_group = $2 and member = $3",
            postgres.ProcessName);
        await command.ExecuteNonQueryAsync(ct);
    }

    private async Task<(int Members, int Shards)> ShareAsync(CancellationToken ct)
    {
        await using var command = Command(ShareSql);
        await using var reader = await command.ExecuteReaderAsync(ct);
        await reader.ReadAsync(ct);
        return (Math.Max(1, (int)reader.GetInt64(0)), (int)reader.GetInt64(1));
    }

    private async Task TakeAsync(int count, CancellationToken ct)
    {
        await DisconnectExpiredAsync(ct);
        var former = new HashSet<string>(StringComparer.Ordinal);
        var taken = await ReadAsync(Command(TakeSql, postgres.ProcessName, options.LeaseDuration, count), ct, former);
        if (taken.Count == 0) return;
        lock (gate) owned = owned.Concat(taken).ToDictionary();
        log.LogInformation("Took shards {Shards:l} of {Group:l}{From:l}", string.Join(',', taken.Keys.Order()), group,
            former.Count > 0 ? $" from {string.Join(", ", former)}, whose leases had ended" : "");
    }

    // A paused owner may have stopped half-way through sending a commit: its backend then holds row locks that nothing
    // else would ever end, those of its offsets (which taking waits for) or of its effects. Its commit can no longer
    // succeed, so its connection may go, before its shards are taken.
    private async Task DisconnectExpiredAsync(CancellationToken ct)
    {
        await using var command = Command("""
            select pg_terminate_backend(a.pid) from pg_stat_activity a
            where a.usename = current_user and a.application_name in (
                select left(o.owner || '/consume/' || $2, 63) from stream_offsets o
                where o.stream = $1 and o.consumer_group = $2 and o.owner <> $3 and o.lease_expires_at <= clock_timestamp())
            """, postgres.ProcessName);
        await command.ExecuteNonQueryAsync(ct);
    }

    private void Replace(Dictionary<short, OwnedShard> renewed)
    {
        short[] lost;
        lock (gate)
        {
            lost = [.. owned.Keys.Where(shard => !renewed.ContainsKey(shard))];
            owned = renewed;
        }
        if (lost.Length > 0) log.LogWarning("Lost shards {Shards:l} of {Group:l}: their leases ended", string.Join(',', lost), group);
    }

    private static async Task<Dictionary<short, OwnedShard>> ReadAsync(NpgsqlCommand command, CancellationToken ct,
        HashSet<string>? owners = null)
    {
        await using var _ = command;
        await using var reader = await command.ExecuteReaderAsync(ct);
        var shards = new Dictionary<short, OwnedShard>();
        while (await reader.ReadAsync(ct))
        {
            shards[reader.GetInt16(0)] = new OwnedShard(reader.GetInt16(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt32(3),
                reader.GetInt32(4));
            if (owners is not null && !reader.IsDBNull(5)) owners.Add(reader.GetString(5));
        }
        return shards;
    }

    private NpgsqlCommand Command(string sql, params ReadOnlySpan<object> more)
    {
        var command = postgres.Source.CreateCommand(sql);
        command.Parameters.Add(new() { Value = stream });
        command.Parameters.Add(new() { Value = group });
        foreach (var value in more) command.Parameters.Add(new() { Value = value });
        return command;
    }
}
