using App.Readings;
using Npgsql;

namespace Bench;

/// <summary>
/// Watches how a group's offsets move, a millisecond at a time, and tells for each reading how long it took from sending
/// to the commit of its effects. Watching costs the database a little, which is charged to us.
/// </summary>
internal sealed class CommitWatch(NpgsqlDataSource source) : IAsyncDisposable
{
    private readonly List<(double At, long[] Committed)> seen = [];
    private readonly CancellationTokenSource stopping = new();
    private Task watching = Task.CompletedTask;

    public void Start() => watching = Task.Run(WatchAsync);

    /// <summary>Milliseconds of every reading appended after these offsets, sorted.</summary>
    public async Task<double[]> LatenciesAsync(long[] after)
    {
        await stopping.CancelAsync();
        await watching;
        var latencies = new List<double>();
        await using var command = source.CreateCommand("select shard, entry_offset, payload from stream_entries order by shard, entry_offset");
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
        await using var command = source.CreateCommand("select committed from stream_offsets where stream = 'readings' and consumer_group = 'disaggregation' order by shard");
        await using var reader = await command.ExecuteReaderAsync();
        var committed = new List<long>();
        while (await reader.ReadAsync()) committed.Add(reader.GetInt64(0));
        return [.. committed];
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await watching;
        stopping.Dispose();
    }

    private async Task WatchAsync()
    {
        await using var connection = await source.OpenConnectionAsync();
        await using var command = new NpgsqlCommand("select committed from stream_offsets where stream = 'readings' and consumer_group = 'disaggregation' order by shard", connection);
        await command.PrepareAsync();
        while (!stopping.IsCancellationRequested)
        {
            var committed = new List<long>(16);
            await using (var reader = await command.ExecuteReaderAsync())
                while (await reader.ReadAsync()) committed.Add(reader.GetInt64(0));
            seen.Add((ReadingsLoad.Now, [.. committed]));
            await Task.Delay(1);
        }
    }
}
