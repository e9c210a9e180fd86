using App.Platform.Database;

namespace App.Engines.Streams;

/// <summary>
/// Entries live in one partition a day. Partitions are made ahead, and dropped when they are older than the retention
/// and every group has passed all of their entries.
/// </summary>
internal sealed class StreamPartitions(Postgres postgres, StreamOptions options, TimeProvider time, ILogger<StreamPartitions> log)
{
    // Rows stay whole up to a page: a packed entry is read at once, and TOAST would cost a second look-up each.
    private readonly DailyPartitions days = new(postgres, "stream_entries",
        "toast_tuple_target = 8160, autovacuum_vacuum_insert_scale_factor = 0.5", time, log);

    /// <summary>Makes the partitions of today and the next days; a web process does so before it first appends.</summary>
    public Task CreateAheadAsync(CancellationToken ct) => days.CreateAheadAsync(ct);

    /// <summary>One tick: makes what will be needed, drops what is not needed any more.</summary>
    /// <returns>Names of the partitions that were dropped.</returns>
    public async Task<IReadOnlyList<string>> RunOnceAsync(CancellationToken ct)
    {
        await CreateAheadAsync(ct);
        var dropped = new List<string>();
        foreach (var name in await days.EndedBeforeAsync(time.GetUtcNow() - options.Retention, ct))
        {
            if (await IsNeededAsync(name, ct)) continue;
            await days.DropAsync(name, ct);
            dropped.Add(name);
        }
        await PruneDefaultAsync(ct);
        return dropped;
    }

    // A shard of which no group has an offset has not been consumed at all.
    private async Task<bool> IsNeededAsync(string partition, CancellationToken ct)
    {
        await using var command = postgres.Source.CreateCommand($"""
            select exists (
                select from (select stream, shard, max(entry_offset) as last from {partition} group by stream, shard) e
                left join stream_offsets o on o.stream = e.stream and o.shard = e.shard
                where o.committed is null or o.committed < e.last)
            """);
        return (bool)(await command.ExecuteScalarAsync(ct))!;
    }

    // Entries of days that had no partition when they were appended (nobody led for days). Few, so deleting will do.
    private async Task PruneDefaultAsync(CancellationToken ct)
    {
        await using var command = postgres.Source.CreateCommand("""
            delete from stream_entries_default e
            where e.appended_at < $1
              and exists (select from stream_offsets o where o.stream = e.stream and o.shard = e.shard)
              and not exists (select from stream_offsets o where o.stream = e.stream and o.shard = e.shard and o.committed < e.entry_offset)
            """);
        command.Parameters.Add(new() { Value = (time.GetUtcNow() - options.Retention).UtcDateTime });
        if (await command.ExecuteNonQueryAsync(ct) is var deleted and > 0)
            log.LogInformation("Deleted {Count} entries of the default partition", deleted);
    }
}
