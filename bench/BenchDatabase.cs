using App.Platform.Database;
using Npgsql;

namespace Bench;

/// <summary>What benchmarks do to the database and ask of it.</summary>
internal static class BenchDatabase
{
    /// <summary>Waits until the effects of every entry are committed.</summary>
    public static async Task DrainedAsync(NpgsqlDataSource source, CancellationToken ct)
    {
        await using var command = source.CreateCommand("""
            select coalesce(sum(h.head - coalesce(o.committed, 0)), 0)::bigint from stream_shards h
            left join stream_offsets o on o.stream = h.stream and o.shard = h.shard and o.consumer_group = 'disaggregation'
            """);
        while ((long)(await command.ExecuteScalarAsync(ct))! > 0) await Task.Delay(2, ct);
    }

    /// <summary>The process above all backends.</summary>
    public static async Task<int> PostmasterAsync(NpgsqlDataSource source, CancellationToken ct)
    {
        await using var command = source.CreateCommand("select pg_backend_pid()");
        var backend = (int)(await command.ExecuteScalarAsync(ct))!;
        var stat = await File.ReadAllTextAsync($"/proc/{backend}/stat", ct);
        return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1]);
    }

    /// <summary>Makes an empty database and answers its URL.</summary>
    public static async Task<string> FreshAsync(NpgsqlDataSource server, string name, CancellationToken ct)
    {
        await using (var drop = server.CreateCommand($"drop database if exists {name} with (force)")) await drop.ExecuteNonQueryAsync(ct);
        await using (var create = server.CreateCommand($"create database {name}")) await create.ExecuteNonQueryAsync(ct);
        return DatabaseUrl.Format(new NpgsqlConnectionStringBuilder(server.ConnectionString) { Database = name }.ConnectionString);
    }
}
