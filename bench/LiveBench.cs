using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Bench;

/// <summary>
/// Frames over WebSocket, one server beside the other with one client and one model: rounds are interleaved, since a shared
/// machine's speed drifts.
/// </summary>
internal static class LiveBench
{
    private sealed record Case(string Name, Func<LiveServer, BenchOptions, CancellationToken, Task<LiveResult>> RunAsync);

    private static readonly Case[] Cases =
    [
        new("one", (server, options, ct) => server.Load.ClosedAsync(1, 1, options.Seconds / 2.0, ct)),
        new("closed", (server, options, ct) => server.Load.ClosedAsync(8, 1, options.Seconds, ct)),
        new("pipelined", (server, options, ct) => server.Load.ClosedAsync(8, 16, options.Seconds, ct)),
        new("paced", (server, options, ct) => server.Load.PacedAsync(10, 30, options.Seconds, ct)),
        new("node-binary", (server, options, ct) => NodeClientAsync(server, options, "binary", ct)),
        new("node-json", (server, options, ct) => NodeClientAsync(server, options, "json", ct)),
        new("many", (server, options, ct) => server.Load.PacedAsync(options.Connections, 30, options.Seconds, ct)),
    ];

    public static async Task RunAsync(BenchOptions options, CancellationToken ct)
    {
        var model = LiveModel.Write();
        if (options.Only is null or "batch") await LiveBatch.RunAsync(model, ct);
        if (options.Only is "batch") return;
        await using var postgres = await BenchServer.StartAsync(ct);
        var database = postgres.Source;
        var url = await BenchDatabase.FreshAsync(database, "tandem_bench", ct);

        if (options.Only is null or "cold") await ColdAsync(options, url, options.Peers, model, ct);
        await using var ours = await LiveServer.StartOursAsync(options.App, url, ct);
        await using var peer = options.Peers is { } peers ? await LiveServer.StartPeerAsync(peers, model, ct) : null;
        await ours.ServeAsync(model, ct);
        foreach (var server in new[] { ours, peer }.OfType<LiveServer>()) await server.Load.ClosedAsync(4, 4, 3, ct);
        foreach (var test in Cases.Where(test => options.Only is null || test.Name == options.Only))
        {
            if (peer is null && test.Name.StartsWith("node-", StringComparison.Ordinal)) continue;
            var rounds = new List<(JsonObject Ours, JsonObject? Peer)>();
            for (var round = 0; round < options.Rounds; round++)
                rounds.Add(
                    (await MeasureAsync(test, ours, options, ct), peer is null ? null : await MeasureAsync(test, peer, options, ct)));
            if (peer is not null) Console.WriteLine(Ratios(test, rounds).ToJsonString());
        }
    }

    private static async Task<JsonObject> MeasureAsync(Case test, LiveServer server, BenchOptions options, CancellationToken ct)
    {
        var cpu = ProcessUsage.Cpu(server.Pid);
        var result = await test.RunAsync(server, options, ct);
        var line = new JsonObject
        {
            ["bench"] = "live",
            ["case"] = test.Name,
            ["server"] = server.Ours ? "ours" : "peer",
            ["frames"] = result.Frames,
            ["unanswered"] = result.Errors,
            ["frames_per_s"] = Math.Round(result.PerSecond),
            ["frame_ms"] = new JsonObject
            {
                ["p50"] = Round(result.At(0.5)),
                ["p99"] = Round(result.At(0.99)),
                ["p999"] = Round(result.At(0.999))
            },
            ["server_cpu_us_per_frame"] = Round((ProcessUsage.Cpu(server.Pid) - cpu) * 1e6 / Math.Max(1, result.Frames)),
            ["peak_rss_mb"] = Round(ProcessUsage.Memory(server.Pid).Peak),
        };
        if (test.Name == "many") line["connections"] = options.Connections;
        Console.WriteLine(line.ToJsonString());
        return line;
    }

    // From the start of the process to its first answer; ours on a database that it has been started on before.
    private static async Task ColdAsync(BenchOptions options, string url, string? peers, string model, CancellationToken ct)
    {
        await using (await LiveServer.StartOursAsync(options.App, url, ct))
        {
            // Migrates.
        }
        for (var round = 0; round < options.Rounds; round++)
        {
            await OnceAsync("ours", () => LiveServer.StartOursAsync(options.App, url, ct));
            if (peers is not null) await OnceAsync("peer", () => LiveServer.StartPeerAsync(peers, model, ct));
        }

        async Task OnceAsync(string name, Func<Task<LiveServer>> start)
        {
            var began = Stopwatch.GetTimestamp();
            await using var server = await start();
            var ready = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            await server.Load.ClosedAsync(1, 1, 0, ct);
            Console.WriteLine(
                new JsonObject
                {
                    ["bench"] = "live",
                    ["case"] = "cold",
                    ["server"] = name,
                    ["ready_ms"] = Math.Round(ready),
                    ["first_answer_ms"] = Math.Round(Stopwatch.GetElapsedTime(began).TotalMilliseconds)
                }.ToJsonString());
        }
    }

    private static async Task<LiveResult> NodeClientAsync(LiveServer server, BenchOptions options, string format, CancellationToken ct)
    {
        var script = Path.Combine(AppContext.BaseDirectory, "live-load.mjs");
        var address = $"ws://127.0.0.1:{server.Address.Port}{server.Path}";
        var line = await NodePeer.RunAsync(options.Peers!,
            $"{script} {options.Peers} --url {address} --conns 8 --frames {8000 * options.Seconds} --format "
            + $"{format} --seq {(server.Ours ? "true" : "false")} {(server.Key is null ? "" : "--key " + server.Key)}", "", null, ct);
        var (frames, rate) = (line["frames"]!.GetValue<long>(), line["frames_per_s"]!.GetValue<double>());
        // The client has sorted its latencies already: as many quantiles stand for them.
        double Of(string name) => line["frame_ms"]![name]!.GetValue<double>();
        double[] latencies = [.. Enumerable.Range(1, 1000)
            .Select(i => i <= 500 ? Of("p50") : i <= 950 ? Of("p95") : i <= 990 ? Of("p99") : Of("max"))];
        return new LiveResult(frames, frames / rate, latencies, 0);
    }

    private static JsonObject Ratios(Case test, List<(JsonObject Ours, JsonObject? Peer)> rounds)
    {
        double Median(Func<JsonObject, double> figure) =>
            Round(rounds.Select(round => figure(round.Ours) / figure(round.Peer!)).Order().ElementAt(rounds.Count / 2));
        return new JsonObject
        {
            ["bench"] = "live",
            ["case"] = test.Name,
            ["ratio"] = "ours / peer, median of rounds",
            ["frames_per_s"] = Median(line => line["frames_per_s"]!.GetValue<double>()),
            ["p50"] = Median(line => line["frame_ms"]!["p50"]!.GetValue<double>()),
            ["p99"] = Median(line => line["frame_ms"]!["p99"]!.GetValue<double>()),
            ["server_cpu"] = Median(line => line["server_cpu_us_per_frame"]!.GetValue<double>()),
        };
    }

    private static double Round(double value) => Math.Round(value, 3);
}
