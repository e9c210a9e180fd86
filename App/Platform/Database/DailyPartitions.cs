using System.Globalization;
using Npgsql;

namespace App.Platform.Database;

/// <summary>
/// The partitions of a table by day (UTC), named <c>table_yyyyMMdd</c>: dropping one costs nothing, deleting its rows would.
/// </summary>
/// <param name="postgres">The database.</param>
/// <param name="table">Partitioned by range of a time.</param>
/// <param name="settings">Storage parameters of each partition; empty: none.</param>
/// <param name="time">Says which day it is.</param>
/// <param name="log">Told of days that cannot have one.</param>
internal sealed class DailyPartitions(Postgres postgres, string table, string settings, TimeProvider time, ILogger log)
{
    private const int DaysAhead = 2;

    // Changing partitions stops all use of the table for an instant. Behind a long transaction that would be no instant: the
    // next tick tries again.
    private const string Patience = "set local lock_timeout = '3s'";

    /// <summary>Makes the partitions of today and the next days.</summary>
    public async Task CreateAheadAsync(CancellationToken ct)
    {
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        for (var day = today; day <= today.AddDays(DaysAhead); day = day.AddDays(1)) await CreateAsync(day, ct);
    }

    /// <summary>The partitions whose day ended before a time, the oldest first.</summary>
    public async Task<IReadOnlyList<string>> EndedBeforeAsync(DateTimeOffset at, CancellationToken ct)
    {
        await using var command =
            postgres.Source.CreateCommand(
                "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = $1::regclass order by 1");
        command.Parameters.Add(new() { Value = table });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var ended = new List<string>();
        while (await reader.ReadAsync(ct))
            if (reader.GetString(0) is var name && DateOnly.TryParseExact(name[(table.Length + 1)..], "yyyyMMdd", out var day)
                && new DateTimeOffset(day.AddDays(1), TimeOnly.MinValue, TimeSpan.Zero) <= at)
                ended.Add(name);
        return ended;
    }

    /// <summary>Drops one.</summary>
    public async Task DropAsync(string name, CancellationToken ct)
    {
        await ExecuteAsync($"drop table {name}", ct);
        log.LogInformation("Dropped partition {Name}", name);
    }

    private async Task CreateAsync(DateOnly day, CancellationToken ct)
    {
        var name = $"{table}_{day.ToString("yyyyMMdd", CultureInfo.InvariantCulture)}";
        await using (var command = postgres.Source.CreateCommand("select to_regclass($1) is not null"))
        {
            command.Parameters.Add(new() { Value = name });
            if ((bool)(await command.ExecuteScalarAsync(ct))!) return;
        }
        try
        {
            var create =
                $"create table {name} partition of {table} for values from ('{day:yyyy-MM-dd} 00:00+00') to "
                + $"('{day.AddDays(1):yyyy-MM-dd} 00:00+00')";
            await ExecuteAsync(settings.Length == 0 ? create : $"{create}; alter table {name} set ({settings})", ct);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.CheckViolation)
        {
            // They are read from there, and deleted once they are old enough.
            log.LogWarning("Partition {Name} cannot be made: the default partition holds rows of that day", name);
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.DuplicateTable or PostgresErrorCodes.UniqueViolation)
        {
            // Another process has just made it.
        }
    }

    private async Task ExecuteAsync(string sql, CancellationToken ct)
    {
        await using var connection = await postgres.Source.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await using var command = new NpgsqlCommand($"{Patience}; {sql}", connection, transaction);
        await command.ExecuteNonQueryAsync(ct);
        await transaction.CommitAsync(ct);
    }
}
