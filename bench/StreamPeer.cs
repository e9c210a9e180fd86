using System.Text.Json.Nodes;

namespace Bench;

/// <summary>The peer of readings: Fastify, Redis Streams and a Node worker with ONNX Runtime, sinking into the same PostgreSQL.</summary>
internal sealed class StreamPeer(string folder, string databaseUrl, RedisProcess redis) : IAsyncDisposable
{
    /// <summary>Starts its Redis; null, with the reason on stderr, where it cannot run.</summary>
    public static StreamPeer? Start(string folder, string databaseUrl)
    {
        if (!Directory.Exists(Path.Combine(folder, "node_modules")))
        {
            Console.Error.WriteLine(
                $"The peer is left out: copy {folder}, run 'npm install' and 'models/make-models.mjs' there, "
                + "and name the copy with --peers.");
            return null;
        }
        return RedisProcess.Start() is { } redis ? new StreamPeer(folder, databaseUrl, redis) : null;
    }

    /// <summary>
    /// One run; its own JSON line, and what its processes held in memory together. The client is not counted: it is their parent.
    /// </summary>
    public async Task<JsonNode> RunAsync(string arguments, CancellationToken ct)
    {
        MemoryWatch? memory = null;
        var line = await NodePeer.RunAsync(folder, $"stream/stream.mjs {arguments} --fsync always", databaseUrl, redis.Port, ct,
            process => memory = new MemoryWatch(() => [redis.Pid, .. ProcessUsage.ChildrenOf(process.Id)]));
        line["memory_mb"] = Math.Round(memory!.Peak, 1);
        return line;
    }

    public ValueTask DisposeAsync() => redis.DisposeAsync();
}
