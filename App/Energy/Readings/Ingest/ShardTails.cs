using Npgsql;

namespace App.Energy.Readings.Ingest;

/// <summary>
/// What one shard holds of late, as of its head when this process last looked: a tail for each of its meters that was
/// met. If another process has appended meanwhile, its entries are read first, so that what is judged new is new.
/// </summary>
internal sealed class ShardTails(short shard)
{
    private const int MostTails = 200_000;
    private readonly Dictionary<int, SeriesTail> tails = [];

    // Newest times that entries hold of meters without a tail; what blocks hold of them may be newer.
    private readonly Dictionary<int, long> observed = [];
    private long head = -1;

    /// <summary>Whether the shard has been looked at.</summary>
    public bool IsLoaded => head >= 0;

    /// <summary>The offset up to which its entries are known here.</summary>
    public long Head => head;

    /// <summary>The tail of a meter that has one.</summary>
    public SeriesTail Of(int meterKey) => tails[meterKey];

    /// <summary>Whether the meter has a tail.</summary>
    public bool Has(int meterKey) => tails.ContainsKey(meterKey);

    /// <summary>Begins a tail for a meter whose newest reading in blocks is known.</summary>
    public void Begin(int meterKey, long newestInBlocks)
    {
        observed.Remove(meterKey, out var newestInEntries);
        tails[meterKey] = new SeriesTail(Math.Max(newestInBlocks, newestInEntries));
    }

    /// <summary>This process has appended under the shard's lock.</summary>
    public void Advance(long newHead) => head = newHead;

    /// <summary>What tails have taken was not stored after all: whatever they hold is looked up if it comes again.</summary>
    public void Doubt(IEnumerable<int> meterKeys)
    {
        foreach (var meter in meterKeys)
            if (tails.TryGetValue(meter, out var tail)) tail.RaiseFloor(tail.Newest);
    }

    /// <summary>Forgets everything: it is read again when needed.</summary>
    public void Reset()
    {
        tails.Clear();
        observed.Clear();
        head = -1;
    }

    /// <summary>Lets go of everything once it is too much; to be called before a group looks up its meters.</summary>
    public void Trim()
    {
        if (tails.Count + observed.Count > MostTails) Reset();
    }

    /// <summary>Reads what the stream holds beyond what is known here.</summary>
    /// <param name="source">The database.</param>
    /// <param name="upTo">The shard's head, if the caller holds its lock; null: whatever is there.</param>
    /// <param name="ct">Gives up.</param>
    public async Task CatchUpAsync(NpgsqlDataSource source, long? upTo, CancellationToken ct)
    {
        if (head == upTo) return;
        // The first time, everything that no block holds yet; readings in blocks are known by their meter's row.
        var known = head >= 0 ? head : await InBlocksAsync(source, ct);
        await using var command = source.CreateCommand("""
            select entry_offset, payload from stream_entries
            where stream = $1 and shard = $2 and entry_offset > $3 and entry_offset <= $4 order by entry_offset
            """);
        command.Parameters.Add(new() { Value = ReadingStore.Stream });
        command.Parameters.Add(new() { Value = shard });
        command.Parameters.Add(new() { Value = known });
        command.Parameters.Add(new() { Value = upTo ?? long.MaxValue });
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            known = reader.GetInt64(0);
            foreach (var run in ReadingCodec.ReadAnyEntry(reader.GetFieldValue<byte[]>(1))) Observe(run);
        }
        head = upTo ?? known;
    }

    private async Task<long> InBlocksAsync(NpgsqlDataSource source, CancellationToken ct)
    {
        await using var command =
            source.CreateCommand("select committed from stream_offsets where stream = $1 and consumer_group = $2 and shard = $3");
        command.Parameters.Add(new() { Value = ReadingStore.Stream });
        command.Parameters.Add(new() { Value = ReadingStore.BlockGroup });
        command.Parameters.Add(new() { Value = shard });
        return (long?)await command.ExecuteScalarAsync(ct) ?? 0;
    }

    // Another process's readings: remembering the newest time suffices, older ones are looked up if they come again.
    private void Observe(ReadingRun run)
    {
        var newest = run.Readings[^1].Ts;
        if (tails.TryGetValue(run.MeterKey, out var tail)) tail.RaiseFloor(newest);
        else observed[run.MeterKey] = Math.Max(newest, observed.GetValueOrDefault(run.MeterKey));
    }
}
