using Npgsql;

namespace App.Energy.Readings;

/// <summary>A span of one meter's readings.</summary>
/// <param name="MeterKey">The meter.</param>
/// <param name="Shard">The shard of its building.</param>
/// <param name="From">Unix milliseconds, inclusive.</param>
/// <param name="To">Unix milliseconds, exclusive.</param>
internal readonly record struct ReadingSpan(int MeterKey, short Shard, long From, long To);

/// <summary>
/// Reads readings from both places where they are: blocks, and entries of the stream that no block holds yet (as a
/// log-structured store reads its tables and its log). One snapshot of the database covers both.
/// </summary>
internal sealed class ReadingStore(NpgsqlDataSource source)
{
    /// <summary>Name of the stream that readings are appended to.</summary>
    public const string Stream = "readings";

    /// <summary>The group that moves readings from the stream into blocks.</summary>
    public const string BlockGroup = "storage";

    private const string BlocksSql = """
        select s.ordinal, b.data
        from unnest($1, $2, $3) with ordinality as s(meter_key, from_ts, to_ts, ordinal)
        cross join lateral (
            select data from reading_blocks
            where meter_key = s.meter_key and starts_at < s.to_ts
              and starts_at >= coalesce((select max(starts_at) from reading_blocks where meter_key = s.meter_key
                  and starts_at <= s.from_ts), s.from_ts)
        ) b
        """;

    private const string EntriesSql = """
        select e.payload
        from unnest($2, $4) as s(shard, upto)
        left join stream_offsets o on o.stream = $1 and o.consumer_group = $3 and o.shard = s.shard
        cross join lateral (
            select entry_offset, payload from stream_entries
            where stream = $1 and shard = s.shard and entry_offset > coalesce(o.committed, 0) and entry_offset <= s.upto
            order by entry_offset
        ) e
        order by s.shard, e.entry_offset
        """;

    /// <summary>Readings of several spans, each in order of time, of one time only the one that holds.</summary>
    /// <param name="spans">What is wanted; a meter may be named more than once.</param>
    /// <param name="upTo">Entries beyond this offset of a shard are left out; shards not named are read to their end.</param>
    /// <param name="ct">Gives up.</param>
    public async Task<Dictionary<int, List<Reading>>> LoadAsync(
        IReadOnlyList<ReadingSpan> spans, IReadOnlyDictionary<short, long>? upTo, CancellationToken ct)
    {
        var wanted = spans.ToLookup(span => span.MeterKey);
        var found = new Dictionary<int, SortedDictionary<long, double>>();
        foreach (var meter in wanted) found[meter.Key] = [];

        await using var connection = await source.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, ct);
        await using var batch = new NpgsqlBatch(connection, transaction);
        var shards = spans.Select(span => span.Shard).Distinct().ToArray();
        batch.BatchCommands.Add(new NpgsqlBatchCommand(BlocksSql)
        {
            Parameters =
            {
                new() { Value = spans.Select(span => span.MeterKey).ToArray() },
                new() { Value = spans.Select(span => Time(span.From)).ToArray() },
                new() { Value = spans.Select(span => Time(span.To)).ToArray() },
            },
        });
        batch.BatchCommands.Add(new NpgsqlBatchCommand(EntriesSql)
        {
            Parameters =
            {
                new() { Value = Stream },
                new() { Value = shards },
                new() { Value = BlockGroup },
                new() { Value = Array.ConvertAll(shards, shard => upTo?.GetValueOrDefault(shard, long.MaxValue) ?? long.MaxValue) },
            },
        });
        await using var reader = await batch.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            var span = spans[(int)reader.GetInt64(0) - 1];
            Keep([span], found[span.MeterKey], ReadingCodec.ReadBlock(reader.GetFieldValue<byte[]>(1)));
        }
        await reader.NextResultAsync(ct);
        while (await reader.ReadAsync(ct))
            foreach (var run in ReadingCodec.ReadAnyEntry(reader.GetFieldValue<byte[]>(0)))
                if (found.TryGetValue(run.MeterKey, out var readings)) Keep(wanted[run.MeterKey], readings, run.Readings);
        return found.ToDictionary(pair => pair.Key, pair => pair.Value.Select(r => new Reading(r.Key, r.Value)).ToList());
    }

    /// <summary>Readings of one meter in order of time, a few blocks at a time: for spans of any length.</summary>
    /// <param name="meterKey">The meter.</param>
    /// <param name="shard">The shard of its building.</param>
    /// <param name="from">Unix milliseconds, inclusive.</param>
    /// <param name="to">Unix milliseconds, exclusive.</param>
    /// <param name="step">Milliseconds: means over each step that holds readings; 1: the readings themselves.</param>
    /// <param name="ct">Gives up.</param>
    public async IAsyncEnumerable<Reading> StreamAsync(
        int meterKey, short shard, long from, long to, long step, [System.Runtime.CompilerServices.EnumeratorCancellation]
        CancellationToken ct)
    {
        // Steps are aligned to the epoch, so a page that continues another continues its steps.
        var (stepAt, sum, count) = (long.MinValue, 0.0, 0);
        while (from < to)
        {
            var until = Math.Min(to, await PageEndAsync(meterKey, from, ct));
            var page = await LoadAsync([new ReadingSpan(meterKey, shard, from, until)], null, ct);
            foreach (var reading in page[meterKey])
            {
                var at = reading.Ts - (reading.Ts % step);
                if (at != stepAt && count > 0)
                {
                    yield return new Reading(stepAt, sum / count);
                    (sum, count) = (0, 0);
                }
                stepAt = at;
                sum += reading.Watts;
                count++;
            }
            from = until;
        }
        if (count > 0) yield return new Reading(stepAt, sum / count);
    }

    // Where the block after the next sixteen begins, or the end of time.
    private async Task<long> PageEndAsync(int meterKey, long from, CancellationToken ct)
    {
        await using var command =
            source.CreateCommand(
                "select starts_at from reading_blocks where meter_key = $1 and starts_at > $2 order by starts_at offset 16 limit 1");
        command.Parameters.Add(new() { Value = meterKey });
        command.Parameters.Add(new() { Value = Time(from) });
        return await command.ExecuteScalarAsync(ct) is DateTime start ? Ts(start) : long.MaxValue;
    }

    /// <summary>The time of Unix milliseconds.</summary>
    public static DateTime Time(long ts) => ts >= MaxTs ? Latest : DateTime.UnixEpoch.AddMilliseconds(Math.Max(ts, 0));

    /// <summary>Unix milliseconds of a time.</summary>
    public static long Ts(DateTime time) => (long)(time - DateTime.UnixEpoch).TotalMilliseconds;

    private static readonly DateTime Latest = DateTime.SpecifyKind(DateTime.MaxValue, DateTimeKind.Utc);
    private static readonly long MaxTs = Ts(Latest) - 1;

    // Entries come after blocks and in order, so the last one written holds.
    private static void Keep(IEnumerable<ReadingSpan> spans, SortedDictionary<long, double> into, Reading[] readings)
    {
        foreach (var span in spans)
            foreach (var (ts, watts) in readings)
                if (ts >= span.From && ts < span.To) into[ts] = watts;
    }
}
