using System.Globalization;
using App.Platform.Database;
using Npgsql;

namespace App.Streams;

/// <summary>
/// Entries live in one partition a day. Partitions are made ahead, and dropped when they are older than the retention
/// and every group has passed all of their entries: dropping costs nothing, deleting rows would.
/// </summary>
internal sealed class StreamPartitions(Postgres postgres, StreamOptions options, TimeProvider time, ILogger<StreamPartitions> log)
{
    private const int DaysAhead = 2;
    private const string Prefix = "stream_entries_";

    /// <summary>Makes the partitions of today and the next days; a web process does so before it first appends.</summary>
    public async Task CreateAheadAsync(CancellationToken ct)
    {
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        for (var day = today; day <= today.AddDays(DaysAhead); day = day.AddDays(1)) await CreateAsync(day, ct);
    }

    /// <summary>One tick: makes what will be needed, drops what is not needed any more.</summary>
    /// <returns>Names of the partitions that were dropped.</returns>
    public async Task<IReadOnlyList<string>> RunOnceAsync(CancellationToken ct)
    {
        await CreateAheadAsync(ct);
        var dropped = new List<string>();
        foreach (var (name, day) in await ListAsync(ct))
        {
            var endsAt = new DateTimeOffset(day.AddDays(1), TimeOnly.MinValue, TimeSpan.Zero);
            if (endsAt + options.Retention > time.GetUtcNow() || await IsNeededAsync(name, ct)) continue;
            await ExecuteAsync($"drop table {name}", ct);
            log.LogInformation("Dropped stream partition {Name}", name);
            dropped.Add(name);
        }
        await PruneDefaultAsync(ct);
        return dropped;
    }

    private async Task CreateAsync(DateOnly day, CancellationToken ct)
    {
        var name = Prefix + day.ToString("yyyyMMdd", CultureInfo.InvariantCulture);
        if (await ScalarAsync<bool>($"select to_regclass('{name}') is not null", ct)) return;
        try
        {
            // Rows stay whole up to a page: a packed entry is read at once, and TOAST would cost a second look-up each.
            await ExecuteAsync($"""
                create table {name} partition of stream_entries
                for values from ('{day:yyyy-MM-dd} 00:00+00') to ('{day.AddDays(1):yyyy-MM-dd} 00:00+00');
                alter table {name} set (toast_tuple_target = 8160, autovacuum_vacuum_insert_scale_factor = 0.5)
                """, ct);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.CheckViolation)
        {
            // They are read from there, and deleted once they have been consumed and are old enough.
            log.LogWarning("Partition {Name} cannot be made: the default partition holds entries of that day", name);
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.DuplicateTable or PostgresErrorCodes.UniqueViolation)
        {
            // Another process has just made it.
        }
    }

    private async Task<List<(string Name, DateOnly Day)>> ListAsync(CancellationToken ct)
    {
        await using var command = postgres.Source.CreateCommand(
            "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'stream_entries'::regclass order by 1");
        await using var reader = await command.ExecuteReaderAsync(ct);
        var found = new List<(string, DateOnly)>();
        while (await reader.ReadAsync(ct))
            if (DateOnly.TryParseExact(reader.GetString(0)[Prefix.Length..], "yyyyMMdd", out var day)) found.Add((reader.GetString(0), day));
        return found;
    }

    // A shard of which no group has an offset has not been consumed at all.
    private Task<bool> IsNeededAsync(string partition, CancellationToken ct) => ScalarAsync<bool>($"""
        select exists (
            select from (select stream, shard, max(entry_offset) as last from {partition} group by stream, shard) e
            left join stream_offsets o on o.stream = e.stream and o.shard = e.shard
            where o.committed is null or o.committed < e.last)
        """, ct);

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
        if (await command.ExecuteNonQueryAsync(ct) is var deleted and > 0) log.LogInformation("Deleted {Count} entries of the default partition", deleted);
    }

    private async Task ExecuteAsync(string sql, CancellationToken ct)
    {
        await using var command = postgres.Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(ct);
    }

    private async Task<T> ScalarAsync<T>(string sql, CancellationToken ct)
    {
        await using var command = postgres.Source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync(ct))!;
    }
}
