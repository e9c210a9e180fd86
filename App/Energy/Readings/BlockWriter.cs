using App.Engines.Streams;
using Npgsql;
using NpgsqlTypes;

namespace App.Energy.Readings;

/// <summary>
/// Moves readings from the stream into blocks of their meters, a few minutes at a time, so that a block is rewritten
/// once for many readings. It never overtakes disaggregation, which may thus rely on finding in blocks and entries
/// exactly what it has been given.
/// </summary>
internal sealed class BlockWriter(NpgsqlDataSource source, string? follows) : IStreamHandler
{
    private const int Most = 1024;

    private const string StartsSql = """
        select b.meter_key, b.starts_at
        from unnest($1, $2, $3) as s(meter_key, from_ts, to_ts)
        cross join lateral (
            select meter_key, starts_at from reading_blocks
            where meter_key = s.meter_key and starts_at <= s.to_ts
              and starts_at >= coalesce((select max(starts_at) from reading_blocks where meter_key = s.meter_key
                  and starts_at <= s.from_ts), s.from_ts)
        ) b
        order by 1, 2
        """;

    private const string LoadSql =
        "select b.meter_key, b.starts_at, b.data from reading_blocks b "
        + "join unnest($1, $2) as w(meter_key, starts_at) using (meter_key, starts_at)";

    private const string DeleteSql =
        "delete from reading_blocks b using unnest($1, $2) as d(meter_key, starts_at) where b.meter_key = d.meter_key "
        + "and b.starts_at = d.starts_at";

    private const string InsertSql = """
        insert into reading_blocks (meter_key, starts_at, ends_at, readings, data) select * from unnest($1, $2, $3, $4, $5)
        on conflict (meter_key, starts_at) do update set ends_at = excluded.ends_at, readings = excluded.readings, data = excluded.data
        """;

    private const string LastSql = """
        update meters m set last_reading_at = n.last_at from unnest($1, $2) as n(key, last_at)
        where m.key = n.key and (m.last_reading_at is null or m.last_reading_at < n.last_at)
        """;

    /// <inheritdoc/>
    public string Stream => ReadingStore.Stream;

    /// <inheritdoc/>
    public string Group => ReadingStore.BlockGroup;

    /// <inheritdoc/>
    public string? Follows => follows;

    /// <inheritdoc/>
    public TimeSpan Linger => TimeSpan.FromMinutes(2);

    /// <inheritdoc/>
    public int BatchPerShard => 512;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<NpgsqlBatchCommand>> HandleAsync(IReadOnlyList<StreamEntry> entries, CancellationToken ct)
    {
        var fresh = new Dictionary<int, SortedDictionary<long, double>>();
        foreach (var entry in entries)
            foreach (var run in ReadingCodec.ReadEntry(entry.Payload))
            {
                if (!fresh.TryGetValue(run.MeterKey, out var readings)) fresh[run.MeterKey] = readings = [];
                foreach (var (ts, watts) in run.Readings) readings[ts] = watts;
            }
        var pieces = Cut(fresh, await StartsAsync(fresh, ct));
        var removed = await MergeAsync(pieces, ct);
        return Effects(pieces, removed, fresh.ToDictionary(pair => pair.Key, pair => pair.Value.Last().Key));
    }

    /// <inheritdoc/>
    public void Forget(short shard)
    {
        // Nothing is remembered between batches.
    }

    // New readings of a meter from the start of one block to that of the next: only that block need be touched. Without a
    // block they lie before the first.
    private sealed record Piece(int Meter, DateTime? Block, SortedDictionary<long, double> Readings);

    private async Task<Dictionary<int, List<DateTime>>> StartsAsync(Dictionary<int, SortedDictionary<long, double>> fresh,
        CancellationToken ct)
    {
        await using var command = source.CreateCommand(StartsSql);
        command.Parameters.Add(new() { Value = fresh.Keys.ToArray() });
        command.Parameters.Add(new() { Value = fresh.Values.Select(readings => ReadingStore.Time(readings.First().Key)).ToArray() });
        command.Parameters.Add(new() { Value = fresh.Values.Select(readings => ReadingStore.Time(readings.Last().Key)).ToArray() });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var starts = fresh.Keys.ToDictionary(meter => meter, _ => new List<DateTime>());
        while (await reader.ReadAsync(ct)) starts[reader.GetInt32(0)].Add(reader.GetDateTime(1));
        return starts;
    }

    private static List<Piece> Cut(Dictionary<int, SortedDictionary<long, double>> fresh, Dictionary<int, List<DateTime>> starts)
    {
        var pieces = new List<Piece>();
        foreach (var (meter, readings) in fresh)
        {
            var next = 0;
            Piece? piece = null;
            foreach (var (ts, watts) in readings)
            {
                var passed = next;
                while (next < starts[meter].Count && ReadingStore.Ts(starts[meter][next]) <= ts) next++;
                if (piece is null || next > passed) pieces.Add(piece = new Piece(meter, next == 0 ? null : starts[meter][next - 1], []));
                piece.Readings[ts] = watts;
            }
        }
        return pieces;
    }

    // Adds what the pieces' blocks hold; answers these blocks, which are replaced.
    private async Task<List<(int Meter, DateTime StartsAt)>> MergeAsync(List<Piece> pieces, CancellationToken ct)
    {
        var wanted = pieces.Where(piece => piece.Block is not null)
            .ToDictionary(piece => (piece.Meter, piece.Block!.Value), piece => piece.Readings);
        await using var command = source.CreateCommand(LoadSql);
        command.Parameters.Add(new() { Value = wanted.Keys.Select(block => block.Meter).ToArray() });
        command.Parameters.Add(new() { Value = wanted.Keys.Select(block => block.Value).ToArray() });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var removed = new List<(int, DateTime)>();
        while (await reader.ReadAsync(ct))
        {
            var (meter, startsAt) = (reader.GetInt32(0), reader.GetDateTime(1));
            var block = ReadingCodec.ReadBlock(reader.GetFieldValue<byte[]>(2));
            var readings = wanted[(meter, startsAt)];
            // A full block that ends before the new readings begin stays as it is.
            if (block.Length >= Most && block[^1].Ts < readings.First().Key) continue;
            removed.Add((meter, startsAt));
            foreach (var (ts, watts) in block) readings.TryAdd(ts, watts);
        }
        return removed;
    }

    private static NpgsqlBatchCommand[] Effects(
        List<Piece> merged, List<(int Meter, DateTime StartsAt)> removed, Dictionary<int, long> last)
    {
        var blocks =
            merged.SelectMany(piece =>
                piece.Readings.Select(r => new Reading(r.Key, r.Value))
                    .Chunk(Most).Select(chunk => (piece.Meter, Readings: chunk))).ToList();
        return
        [
            new(DeleteSql)
            {
                Parameters =
                {
                    new() { Value = removed.ConvertAll(block => block.Meter).ToArray() },
                    new() { Value = removed.ConvertAll(block => block.StartsAt).ToArray() },
                },
            },
            new(InsertSql)
            {
                Parameters =
                {
                    new() { Value = blocks.ConvertAll(block => block.Meter).ToArray() },
                    new() { Value = blocks.ConvertAll(block => ReadingStore.Time(block.Readings[0].Ts)).ToArray() },
                    new() { Value = blocks.ConvertAll(block => ReadingStore.Time(block.Readings[^1].Ts)).ToArray() },
                    new() { Value = blocks.ConvertAll(block => block.Readings.Length).ToArray() },
                    new() { Value = blocks.ConvertAll(block => ReadingCodec.WriteBlock(block.Readings)).ToArray(),
                        NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea },
                },
            },
            new(LastSql)
            {
                Parameters =
                {
                    new() { Value = last.Keys.ToArray() },
                    new() { Value = last.Values.Select(ReadingStore.Time).ToArray() },
                },
            },
        ];
    }
}
