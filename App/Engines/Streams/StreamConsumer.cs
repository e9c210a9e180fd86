using System.Diagnostics;
using App.Platform.Database;
using Npgsql;

namespace App.Engines.Streams;

/// <summary>
/// Reads what is new in the owned shards, has it handled as one batch over all of them, and commits effects and
/// offsets in one round trip and one transaction. A batch that fails is taken apart entry by entry, so that one bad
/// entry is found, retried and at last set aside, while the others go on. So is one whose owners were lost again and
/// again at the same offset: what ended them may be an entry.
/// </summary>
/// <param name="postgres">The database.</param>
/// <param name="handler">The group.</param>
/// <param name="leases">Its shards here.</param>
/// <param name="options">Attempts.</param>
/// <param name="oneInHand">Shared by all groups of the process: see <see cref="EntryInHand"/>.</param>
/// <param name="metrics">Told of what is committed and what is set aside.</param>
/// <param name="time">Parks and measures.</param>
/// <param name="log">Told of faults.</param>
internal sealed class StreamConsumer(
    Postgres postgres, IStreamHandler handler, ShardLeases leases, StreamOptions options, SemaphoreSlim oneInHand, StreamMetrics metrics,
    TimeProvider time, ILogger log) : IAsyncDisposable
{
    private const string FencedState = "TD001";
    private static readonly TimeSpan RedriveEvery = TimeSpan.FromSeconds(1);

    private const string FetchSql = """
        select s.shard, e.entry_offset, e.appended_at, e.payload, e.traceparent
        from unnest($2::smallint[], $3::bigint[]) as s(shard, after)
        join stream_shards h on h.stream = $1 and h.shard = s.shard and h.head > s.after
        cross join lateral (
            select entry_offset, appended_at, payload, traceparent from stream_entries
            where stream = $1 and shard = s.shard and entry_offset > s.after
            order by entry_offset limit $4
        ) e
        """;

    private const string FollowSql = """
        select s.shard, e.entry_offset, e.appended_at, e.payload, e.traceparent
        from unnest($2::smallint[], $3::bigint[]) as s(shard, after)
        join stream_offsets f on f.stream = $1 and f.consumer_group = $5 and f.shard = s.shard and f.committed > s.after
        cross join lateral (
            select entry_offset, appended_at, payload, traceparent from stream_entries
            where stream = $1 and shard = s.shard and entry_offset > s.after and entry_offset <= f.committed
            order by entry_offset limit $4
        ) e
        """;

    private const string CommitSql = "select stream_commit($1, $2, $3, $4, $5, $6, $7)";

    // Visible at once, as any commit; on disk with the next commit that waits for it, or within a fraction of a second.
    private const string CommitDerivedSql =
        "select stream_commit($1, $2, $3, $4, $5, $6, $7), set_config('synchronous_commit', 'off', true)";

    private readonly Dictionary<short, Position> positions = [];
    private readonly DeadEntries dead = new(handler);
    private readonly EntryInHand inHand = new(handler, postgres.ProcessName, oneInHand);
    private NpgsqlConnection? connection;
    private bool unsure;
    private long? redrivenAt;
    private int limit = handler.BatchPerShard;

    // How far a shard has come under the epoch in which it is owned, and how its next entry has fared.
    private sealed class Position(OwnedShard owned, bool suspect)
    {
        public long Epoch { get; } = owned.Epoch;
        public long Committed { get; set; } = owned.Committed;
        public int Attempts { get; set; } = owned.CrashesInHand;
        public long ParkedUntil { get; set; }
        public bool Suspect { get; set; } = suspect;
        public bool Apart { get; set; } = suspect;
    }

    /// <summary>One tick: one batch, or nothing.</summary>
    /// <returns>Entries whose effects were committed or that were set aside.</returns>
    public async Task<int> RunOnceAsync(CancellationToken ct)
    {
        FollowLeases();
        if (positions.Count == 0 || handler.WaitsFor is not null) return 0;
        try
        {
            // A database that crashed may have forgotten commits that did not wait for the disk.
            if (connection is not null && !IsOpen(connection)) Doubt();
            if (unsure) await RereadPositionsAsync(ct);
            var entries = await FetchAsync(ct);
            // Whether idle or busy, and not after every batch.
            if (redrivenAt is not { } at || time.GetElapsedTime(at) >= RedriveEvery) await RedriveAsync(ct);
            if (entries.Count == 0) return 0;
            var together = entries.Where(entry => !positions[entry.Shard].Apart).ToList();
            var done = together.Count > 0 ? await HandleTogetherAsync(together, ct) : 0;
            // Those that have failed come last: should one end the process, the others are done.
            foreach (var shard in entries.Where(entry => positions[entry.Shard].Apart)
                .GroupBy(entry => entry.Shard).OrderBy(shard => positions[shard.Key].Attempts))
                done += await HandleApartAsync(shard, ct);
            limit = Math.Min(limit * 2, handler.BatchPerShard);
            return done;
        }
        catch
        {
            // Should it have been too much for one transaction (a time-out), it is less the next time.
            limit = Math.Max(limit / 2, 1);
            // The commit may or may not have happened; whatever did not will be read again, by us or by the next owner.
            Doubt();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (connection is not null) await connection.DisposeAsync();
    }

    private void Doubt()
    {
        foreach (var shard in positions.Keys) handler.Forget(shard);
        unsure = true;
    }

    private void FollowLeases()
    {
        var owned = leases.Owned;
        foreach (var (shard, position) in positions.ToList())
        {
            if (owned.Any(o => o.Shard == shard && o.Epoch == position.Epoch)) continue;
            positions.Remove(shard);
            handler.Forget(shard);
        }
        foreach (var shard in owned)
        {
            if (positions.ContainsKey(shard.Shard)) continue;
            var suspect = shard.Crashes > options.OrdinaryCrashes || shard.CrashesInHand > 0;
            positions[shard.Shard] = new Position(shard, suspect);
            if (suspect)
                log.LogWarning(
                    "Shard {Shard} of {Group:l} has lost its owner {Crashes} times at offset {Offset}: handling its entries one by one",
                    shard.Shard, handler.Group, shard.Crashes, shard.Committed);
        }
    }

    private async Task RereadPositionsAsync(CancellationToken ct)
    {
        await using var batch = new NpgsqlBatch(await ConnectAsync(ct));
        batch.BatchCommands.Add(inHand.PutDown());
        batch.BatchCommands.Add(
            new("select shard, epoch, committed from stream_offsets where stream = $1 and consumer_group = $2 and owner = $3")
            {
                Parameters = { new() { Value = handler.Stream }, new() { Value = handler.Group }, new() { Value = postgres.ProcessName } },
            });
        await using var reader = await batch.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            if (!positions.TryGetValue(reader.GetInt16(0), out var position) || position.Epoch != reader.GetInt64(1)) continue;
            if (position.Committed != reader.GetInt64(2)) position.Attempts = 0;
            position.Committed = reader.GetInt64(2);
        }
        unsure = false;
    }

    private async Task<List<StreamEntry>> FetchAsync(CancellationToken ct)
    {
        var now = time.GetTimestamp();
        var ready = positions.Where(pair => pair.Value.ParkedUntil <= now).ToList();
        var entries = new List<StreamEntry>();
        if (ready.Count == 0) return entries;
        await using var command = new NpgsqlCommand(handler.Follows is null ? FetchSql : FollowSql, await ConnectAsync(ct));
        command.Parameters.Add(new() { Value = handler.Stream });
        command.Parameters.Add(new() { Value = ready.ConvertAll(pair => pair.Key).ToArray() });
        command.Parameters.Add(new() { Value = ready.ConvertAll(pair => pair.Value.Committed).ToArray() });
        command.Parameters.Add(new() { Value = limit });
        if (handler.Follows is { } leading) command.Parameters.Add(new() { Value = leading });
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            entries.Add(new StreamEntry(reader.GetInt16(0), reader.GetInt64(1), reader.GetDateTime(2), reader.GetFieldValue<byte[]>(3),
                reader.IsDBNull(4) ? null : reader.GetString(4)));
        return entries;
    }

    private async Task<int> HandleTogetherAsync(List<StreamEntry> entries, CancellationToken ct)
    {
        if (await TryAsync(entries, null, ct) is not { } fault) return entries.Count;
        log.LogWarning(fault, "A batch of {Count} entries failed for {Group}: taking it apart", entries.Count, handler.Group);
        foreach (var shard in entries.Select(entry => entry.Shard).Distinct())
        {
            handler.Forget(shard);
            positions[shard].Apart = true;
        }
        return 0;
    }

    private async Task<int> HandleApartAsync(IGrouping<short, StreamEntry> entries, CancellationToken ct)
    {
        var position = positions[entries.Key];
        var done = 0;
        foreach (var entry in entries)
        {
            Exception? fault = null;
            if (position.Attempts >= options.MaxAttempts) fault = new ProcessEndedException(position.Attempts);
            else if (await TryAloneAsync(entry, position, ct) is { } thrown)
            {
                fault = thrown;
                handler.Forget(entry.Shard);
                if (++position.Attempts < options.MaxAttempts)
                {
                    // Later entries of the shard wait, in order; other shards go on.
                    position.ParkedUntil = time.GetTimestamp() + (long)(time.TimestampFrequency * 0.2 * Math.Pow(4, position.Attempts - 1));
                    return done;
                }
            }
            if (fault is not null) await SetAsideAsync(entry, fault, position.Attempts, ct);
            position.Attempts = 0;
            done++;
        }
        position.Apart = position.Suspect = false;
        return done;
    }

    private async Task SetAsideAsync(StreamEntry entry, Exception fault, int attempts, CancellationToken ct)
    {
        log.LogError(fault, "Set aside entry {Offset} of shard {Shard} after {Attempts} attempts by {Group}", entry.Offset, entry.Shard,
            attempts, handler.Group);
        await CommitAsync([dead.SetAside(entry, fault, attempts)], [entry], ct);
        metrics.SetAside(handler.Group);
    }

    private async Task RedriveAsync(CancellationToken ct)
    {
        redrivenAt = time.GetTimestamp();
        foreach (var (id, entry) in await dead.RequestedAsync(await ConnectAsync(ct), [.. positions.Keys], ct))
        {
            if (!await DeadEntries.BeginAsync(await ConnectAsync(ct), id, ct)) continue;
            // It is handled at the place where the shard stands: what came after it has had its effects, and counts.
            var now = entry with { Offset = positions[entry.Shard].Committed };
            if (await TryAsync([now], DeadEntries.Done(id), ct) is not { } fault) continue;
            handler.Forget(entry.Shard);
            await CommitAsync([DeadEntries.FailedAgain(id, fault)], [now], ct);
        }
    }

    private async Task<Exception?> TryAloneAsync(StreamEntry entry, Position position, CancellationToken ct) =>
        position.Suspect
            ? await inHand.HoldAsync(await ConnectAsync(ct), entry, position.Epoch, () => TryAsync([entry], null, ct), ct)
            : await TryAsync([entry], null, ct);

    // Handles and commits; answers a fault of the entries, and throws any other.
    private async Task<Exception?> TryAsync(IReadOnlyList<StreamEntry> entries, NpgsqlBatchCommand? more, CancellationToken ct)
    {
        var handled = false;
        using var activity = StreamTrace.Begin(handler, entries);
        try
        {
            var effects = await handler.HandleAsync(entries, ct);
            handled = true;
            if (more is null) await CommitAsync(effects, entries, ct, handler.EffectsAreDerived);
            else await CommitAsync([.. effects, more], entries, ct);
            return null;
        }
        catch (Exception e) when (handled ? IsOfEffects(e) : IsOfHandler(e, ct))
        {
            activity?.SetStatus(ActivityStatusCode.Error, e.Message);
            return e;
        }
    }

    // All commands of one batch are one implicit transaction: it is sent, and answered, in one round trip.
    private async Task CommitAsync(IReadOnlyList<NpgsqlBatchCommand> effects, IReadOnlyList<StreamEntry> entries, CancellationToken ct,
        bool derived = false)
    {
        var last = new Dictionary<short, long>();
        foreach (var entry in entries) last[entry.Shard] = entry.Offset;
        await using var batch = new NpgsqlBatch(await ConnectAsync(ct));
        foreach (var effect in effects) batch.BatchCommands.Add(effect);
        batch.BatchCommands.Add(new NpgsqlBatchCommand(derived ? CommitDerivedSql : CommitSql)
        {
            Parameters =
            {
                new() { Value = handler.Stream },
                new() { Value = handler.Group },
                new() { Value = postgres.ProcessName },
                new() { Value = last.Keys.ToArray() },
                new() { Value = last.Keys.Select(shard => positions[shard].Epoch).ToArray() },
                new() { Value = last.Keys.Select(shard => positions[shard].Committed).ToArray() },
                new() { Value = last.Values.ToArray() },
            },
        });
        await batch.ExecuteNonQueryAsync(ct);
        handler.Committed();
        foreach (var (shard, offset) in last) positions[shard].Committed = offset;
        metrics.Committed(handler.Group, entries.Count, time.GetUtcNow().UtcDateTime - entries[0].AppendedAt);
    }

    // A database that is away says nothing about the entry. A time-out or a broken stream of the handler's own does.
    private static bool IsOfHandler(Exception e, CancellationToken ct) => !ct.IsCancellationRequested && !TransientFault.IsOfDatabase(e);

    // A commit talks to nobody but the database; one that it refuses is the effects' fault, unless the lease was lost.
    private static bool IsOfEffects(Exception e) =>
        e is not OperationCanceledException && !TransientFault.Is(e) && e is not PostgresException { SqlState: FencedState };

    private static bool IsOpen(NpgsqlConnection connection) => connection.FullState == System.Data.ConnectionState.Open;

    private async ValueTask<NpgsqlConnection> ConnectAsync(CancellationToken ct)
    {
        if (connection is not null && IsOpen(connection)) return connection;
        if (connection is not null) await connection.DisposeAsync();
        return connection = await postgres.OpenOwnAsync($"consume/{handler.Group}", ct);
    }
}
