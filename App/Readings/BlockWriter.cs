using App.Streams;
using Npgsql;
using NpgsqlTypes;

namespace App.Readings;

/// <summary>
/// Moves readings from the stream into blocks of their meters, a few minutes at a time, so that a block is rewritten
/// once for many readings. It never overtakes disaggregation, which may thus rely on finding in blocks and entries
/// exactly what it has been given.
/// </summary>
internal sealed class BlockWriter(NpgsqlDataSource source, string? follows) : IStreamHandler
{
    private const int Most = 1024;

    private const string LoadSql = """
        select b.meter_key, b.starts_at, b.data
        from unnest($1, $2, $3) as s(meter_key, from_ts, to_ts)
        cross join lateral (
            select meter_key, starts_at, data from reading_blocks
            where meter_key = s.meter_key and starts_at <= s.to_ts
              and starts_at >= coalesce((select max(starts_at) from reading_blocks where meter_key = s.meter_key and starts_at <= s.from_ts), s.from_ts)
        ) b
        """;

    private const string DeleteSql = "delete from reading_blocks b using unnest($1, $2) as d(meter_key, starts_at) where b.meter_key = d.meter_key and b.starts_at = d.starts_at";

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
        var last = fresh.ToDictionary(pair => pair.Key, pair => pair.Value.Last().Key);
        var removed = await MergeAsync(fresh, ct);
        return Effects(fresh, removed, last);
    }

    /// <inheritdoc/>
    public void Forget(short shard)
    {
        // Nothing is remembered between batches.
    }

    // Adds the readings of the blocks that the new ones fall into; answers these blocks, which are replaced.
    private async Task<List<(int Meter, DateTime StartsAt)>> MergeAsync(Dictionary<int, SortedDictionary<long, double>> fresh, CancellationToken ct)
    {
        await using var command = source.CreateCommand(LoadSql);
        command.Parameters.Add(new() { Value = fresh.Keys.ToArray() });
        command.Parameters.Add(new() { Value = fresh.Values.Select(readings => ReadingStore.Time(readings.First().Key)).ToArray() });
        command.Parameters.Add(new() { Value = fresh.Values.Select(readings => ReadingStore.Time(readings.Last().Key)).ToArray() });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var removed = new List<(int, DateTime)>();
        while (await reader.ReadAsync(ct))
        {
            var (meter, startsAt) = (reader.GetInt32(0), reader.GetDateTime(1));
            var block = ReadingCodec.ReadBlock(reader.GetFieldValue<byte[]>(2));
            // A full block that ends before the new readings begin stays as it is.
            if (block.Length >= Most && block[^1].Ts < fresh[meter].First().Key) continue;
            removed.Add((meter, startsAt));
            foreach (var (ts, watts) in block) fresh[meter].TryAdd(ts, watts);
        }
        return removed;
    }

    private static NpgsqlBatchCommand[] Effects(
        Dictionary<int, SortedDictionary<long, double>> merged, List<(int Meter, DateTime StartsAt)> removed, Dictionary<int, long> last)
    {
        var blocks = merged.SelectMany(meter => meter.Value.Select(r => new Reading(r.Key, r.Value)).Chunk(Most).Select(chunk => (Meter: meter.Key, Readings: chunk))).ToList();
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
                    new() { Value = blocks.ConvertAll(block => ReadingCodec.WriteBlock(block.Readings)).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea },
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
