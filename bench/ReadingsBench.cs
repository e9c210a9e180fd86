using System.Text.Json.Nodes;
using App.Platform.Database;
using Npgsql;

namespace Bench;

/// <summary>
/// Readings from HTTP to committed predictions, web and worker as two processes, beside the peer: rounds are interleaved,
/// since a shared machine's speed drifts.
/// </summary>
internal static class ReadingsBench
{
    private sealed record Case(string Name, int Batch, int Connections, int Rate, int Buildings = 500);

    private static readonly Case[] Cases =
    [
        new("batch100", 100, 8, 0),
        new("single", 1, 16, 0),
        new("paced2000", 10, 8, 2_000),
        new("paced10000", 100, 8, 10_000),
    ];

    private const double WarmUpSeconds = 6;

    public static async Task RunAsync(BenchOptions options, CancellationToken ct)
    {
        await using var postgres = await BenchServer.StartAsync(ct);
        var server = postgres.Source;
        await using var peer = options.Peers is null
            ? null : StreamPeer.Start(options.Peers, (await BenchDatabase.FreshAsync(server, "tandem_bench_peer", ct)).Split('?')[0]);

        if (options.Only is null or BuildingsBench.Name) await BuildingsBench.RunAsync(server, options, ct);
        if (options.Only == BuildingsBench.Name) return;
        await RawCopyAsync(server, ct);
        foreach (var test in Cases.Where(test => options.Only is null || test.Name == options.Only))
        {
            var rounds = new List<(JsonObject Ours, JsonNode? Peer)>();
            for (var round = 0; round < options.Rounds && !ct.IsCancellationRequested; round++)
            {
                var theirs = peer is null
                    ? null
                    : await peer.RunAsync(
                        $"--batch {test.Batch} --conns {test.Connections} --secs {options.Seconds} --rate {test.Rate}", ct);
                if (theirs is not null) Console.WriteLine(theirs.ToJsonString());
                var ours = await OursAsync(server, test, options, ct);
                Console.WriteLine(ours.ToJsonString());
                rounds.Add((ours, theirs));
            }
            if (peer is not null) Console.WriteLine(Ratios(test, rounds).ToJsonString());
        }
    }

    private static async Task<JsonObject> OursAsync(NpgsqlDataSource server, Case test, BenchOptions options, CancellationToken ct)
    {
        var url = await BenchDatabase.FreshAsync(server, "tandem_bench", ct);
        // As a deployment does before the new version starts.
        await SchemaMigration.ApplyAsync(DatabaseUrl.Parse(url).ConnectionString!, ct);
        await using var source = NpgsqlDataSource.Create(DatabaseUrl.Parse(url).ConnectionString!);
        await using var worker = await AppProcess.StartAsync(options.App, url, worker: true, ct);
        await using var web = await AppProcess.StartAsync(options.App, url, worker: false, ct);
        var load = new ReadingsLoad(web.Address, test.Connections, test.Batch, options.Seconds, test.Rate, test.Buildings);
        // A service runs for weeks: its first seconds, in which the runtime compiles what is hot, are not what is measured.
        await (load with { Seconds = WarmUpSeconds, Rate = 0 }).RunAsync(ct);
        await BenchDatabase.DrainedAsync(source, ct);
        var idle = (Web: ProcessUsage.Memory(web.Pid).Now, Worker: ProcessUsage.Memory(worker.Pid).Now);
        var postmaster = await BenchDatabase.PostmasterAsync(source, ct);

        var before = await CommitWatch.CommittedAsync(source);
        await using var watch = new CommitWatch(source);
        await using var memory = new MemoryWatch(() => [web.Pid, worker.Pid]);
        if (test.Rate > 0) await watch.StartAsync();
        var cpu = (Web: ProcessUsage.Cpu(web.Pid), Worker: ProcessUsage.Cpu(worker.Pid), Store: ProcessUsage.CpuOfTree(postmaster));
        var began = ReadingsLoad.Now;
        var result = await load.RunAsync(ct);
        await BenchDatabase.DrainedAsync(source, ct);
        var processedIn = (ReadingsLoad.Now - began) / 1000;
        var used = (Web: ProcessUsage.Cpu(web.Pid) - cpu.Web, Worker: ProcessUsage.Cpu(worker.Pid) - cpu.Worker,
            Store: ProcessUsage.CpuOfTree(postmaster) - cpu.Store);
        var (webMemory, workerMemory) = (ProcessUsage.Memory(web.Pid), ProcessUsage.Memory(worker.Pid));
        var latencies = test.Rate > 0 ? await watch.LatenciesAsync(before) : [];

        double Micros(double cpuSeconds) => Math.Round(cpuSeconds * 1e6 / Math.Max(1, result.Accepted), 2);
        return new JsonObject
        {
            ["bench"] = "readings",
            ["case"] = test.Name,
            ["accepted"] = result.Accepted,
            ["refused"] = result.Refused,
            ["accepted_per_s"] = Math.Round(result.Accepted / result.Seconds),
            ["processed_per_s"] = Math.Round(result.Accepted / processedIn),
            ["http_ms"] = new JsonObject
            {
                ["p50"] = Round(ReadingsLoad.At(result.HttpMs, 0.5)),
                ["p99"] = Round(ReadingsLoad.At(result.HttpMs, 0.99))
            },
            ["end_to_end_ms"] = latencies.Length == 0 ? null
                : new JsonObject { ["p50"] = Round(ReadingsLoad.At(latencies, 0.5)), ["p99"] = Round(ReadingsLoad.At(latencies, 0.99)) },
            ["cpu_us_per_reading"] = new JsonObject
            {
                ["web"] = Micros(used.Web),
                ["worker"] = Micros(used.Worker),
                ["store"] = Micros(used.Store)
            },
            ["cpu_us_total"] = Micros(used.Web + used.Worker + used.Store),
            ["idle_rss_mb"] = new JsonObject { ["web"] = Round(idle.Web), ["worker"] = Round(idle.Worker) },
            ["peak_rss_mb"] = new JsonObject { ["web"] = Round(webMemory.Peak), ["worker"] = Round(workerMemory.Peak) },
            ["memory_mb"] = Math.Round(memory.Peak, 1),
            ["ready_ms"] = new JsonObject
            {
                ["web"] = Math.Round(web.ReadyAfter.TotalMilliseconds),
                ["worker"] = Math.Round(worker.ReadyAfter.TotalMilliseconds)
            },
        };
    }

    private static JsonObject Ratios(Case test, List<(JsonObject Ours, JsonNode? Peer)> rounds)
    {
        double Median(Func<JsonObject, JsonNode, double> ratio) =>
            Round(rounds.Select(round => ratio(round.Ours, round.Peer!)).Order().ElementAt(rounds.Count / 2));
        static double Sum(JsonNode node, params ReadOnlySpan<string> keys)
        {
            double total = 0;
            foreach (var key in keys) total += node[key]!.GetValue<double>();
            return total;
        }
        var line = new JsonObject
        {
            ["bench"] = "readings",
            ["case"] = test.Name,
            ["ratio"] = "ours / peer, median of rounds",
            ["accepted"] = Median((ours, peer) => ours["accepted_per_s"]!.GetValue<double>() / peer["accepted_per_s"]!.GetValue<double>()),
            ["processed"] = Median((ours, peer) =>
                ours["processed_per_s"]!.GetValue<double>() / peer["processed_per_s"]!.GetValue<double>()),
            ["cpu"] = Median((ours, peer) =>
                ours["cpu_us_total"]!.GetValue<double>() / Sum(peer["cpu_us_per_reading"]!, "server", "worker", "redis", "store")),
            ["memory"] = Median((ours, peer) => Sum(ours, "memory_mb") / Sum(peer, "memory_mb")),
            ["rss"] = Median((ours, peer) =>
                Sum(ours["peak_rss_mb"]!, "web", "worker") / Sum(peer["rss_mb"]!, "server", "worker", "redis")),
        };
        if (test.Rate > 0)
            foreach (var point in (string[])["p50", "p99"])
                line["end_to_end_"
                    + point] = Median((ours, peer) =>
                        ours["end_to_end_ms"]![point]!.GetValue<double>() / peer["end_to_end_ms"]![point]!.GetValue<double>());
        return line;
    }

    // The limit: plain rows by binary COPY, a thousand to a commit, one connection.
    private static async Task RawCopyAsync(NpgsqlDataSource server, CancellationToken ct)
    {
        await using var connection = await server.OpenConnectionAsync(ct);
        await using (var create = new NpgsqlCommand(
            "drop table if exists bench_raw; create table bench_raw (building text, meter text, ts timestamptz, watts double precision)",
            connection)) await create.ExecuteNonQueryAsync(ct);
        var began = ReadingsLoad.Now;
        long rows = 0;
        for (; ReadingsLoad.Now - began < 3000; rows += 1000)
        {
            await using var copy = await connection.BeginBinaryImportAsync("copy bench_raw from stdin (format binary)", ct);
            for (var i = 0; i < 1000; i++)
                await copy.WriteRowAsync(ct, $"b{i % 50}", "mains", DateTime.UnixEpoch.AddMilliseconds(i), i * 0.1);
            await copy.CompleteAsync(ct);
        }
        Console.WriteLine(
            new JsonObject
            {
                ["bench"] = "raw",
                ["copy_rows_per_s"] = Math.Round(rows / ((ReadingsLoad.Now - began) / 1000))
            }.ToJsonString());
        await using var drop = new NpgsqlCommand("drop table bench_raw", connection);
        await drop.ExecuteNonQueryAsync(ct);
    }

    private static double Round(double value) => Math.Round(value, 3);
}
