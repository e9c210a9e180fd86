using System.Globalization;
using App.Energy.Readings;
using Npgsql;

namespace Bench;

/// <summary>
/// Hears how a group's offsets move, by a notification with each commit of them, and tells for each reading how long it took
/// from sending to the commit of its effects. What that costs the database and the worker's commits is charged to us.
/// </summary>
internal sealed class CommitWatch(NpgsqlDataSource source) : IAsyncDisposable
{
    private const string HearSql = """
        create or replace function bench_moved() returns trigger language plpgsql as $$ begin
            perform pg_notify('bench_moved', string_agg(n.shard || ':' || n.committed, ',')) from moved n where n.stream = 'readings'
                and n.consumer_group = 'disaggregation' having count(*) > 0;
            return null;
        end $$;
        create or replace trigger bench_moved after update on stream_offsets referencing new table as moved for each statement execute
            function bench_moved();
        listen bench_moved
        """;

    private readonly List<(double At, long[] Committed)> seen = [];
    private readonly CancellationTokenSource stopping = new();
    private Task watching = Task.CompletedTask;
    private NpgsqlConnection? connection;

    public async Task StartAsync()
    {
        connection = await source.OpenConnectionAsync();
        var committed = await CommittedAsync(source);
        connection.Notification += (_, notification) =>
        {
            foreach (var moved in notification.Payload.Split(','))
            {
                var colon = moved.IndexOf(':');
                committed[int.Parse(moved.AsSpan(0, colon), CultureInfo.InvariantCulture)] = long.Parse(moved.AsSpan(colon + 1),
                    CultureInfo.InvariantCulture);
            }
            seen.Add((ReadingsLoad.Now, [.. committed]));
        };
        await using var listen = new NpgsqlCommand(HearSql, connection);
        await listen.ExecuteNonQueryAsync();
        watching = Task.Run(WatchAsync);
    }

    /// <summary>Milliseconds of every reading appended after these offsets, sorted.</summary>
    public async Task<double[]> LatenciesAsync(long[] after)
    {
        await StopAsync();
        var latencies = new List<double>();
        await using var command =
            source.CreateCommand("select shard, entry_offset, payload from stream_entries order by shard, entry_offset");
        await using var reader = await command.ExecuteReaderAsync();
        var at = new int[after.Length];
        while (await reader.ReadAsync())
        {
            var (shard, offset) = (reader.GetInt16(0), reader.GetInt64(1));
            if (offset <= after[shard]) continue;
            while (at[shard] < seen.Count && seen[at[shard]].Committed[shard] < offset) at[shard]++;
            if (at[shard] == seen.Count) break;
            foreach (var run in ReadingCodec.ReadEntry(reader.GetFieldValue<byte[]>(2)))
                foreach (var reading in run.Readings) latencies.Add(seen[at[shard]].At - reading.Ts);
        }
        latencies.Sort();
        return [.. latencies];
    }

    public static async Task<long[]> CommittedAsync(NpgsqlDataSource source)
    {
        await using var command =
            source.CreateCommand(
                "select committed from stream_offsets where stream = 'readings' and consumer_group = 'disaggregation' order by shard");
        await using var reader = await command.ExecuteReaderAsync();
        var committed = new List<long>();
        while (await reader.ReadAsync()) committed.Add(reader.GetInt64(0));
        return [.. committed];
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        stopping.Dispose();
    }

    private async Task WatchAsync()
    {
        try
        {
            while (true) await connection!.WaitAsync(stopping.Token);
        }
        catch (OperationCanceledException)
        {
            // All have come.
        }
    }

    private async Task StopAsync()
    {
        await stopping.CancelAsync();
        await watching;
        if (connection is not null) await connection.DisposeAsync();
    }
}
