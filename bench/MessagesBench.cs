using System.Diagnostics;
using System.Text.Json.Nodes;
using Npgsql;

namespace Bench;

/// <summary>
/// Webhooks to a sink on loopback: a backlog delivered by one worker process, and picked up from idle; beside the peer,
/// a plain dispatcher of an outbox, in interleaved rounds. Then 10,000 endpoints of which a hundred hang.
/// </summary>
internal static class MessagesBench
{
    private const int Endpoints = 256;
    private const int Latencies = 100;

    public static async Task RunAsync(BenchOptions options, CancellationToken ct)
    {
        await using var postgres = await BenchServer.StartAsync(ct);
        var server = postgres.Source;
        var messages = options.Jobs ?? 50_000;
        if (options.Only == "hang")
        {
            await HangingAsync(server, options.Seconds, ct);
            return;
        }
        if (options.Only == "one")
        {
            await MessagesPaceBench.OneEndpointAsync(server, ct);
            return;
        }
        if (options.Only == "workers")
        {
            foreach (var workers in (int[])[1, 2, 4]) await MessagesPaceBench.WorkersAsync(server, workers, messages, ct);
            return;
        }
        var rounds = new List<(JsonObject Ours, JsonNode Theirs)>();
        for (var round = 0; round < options.Rounds && !ct.IsCancellationRequested; round++)
        {
            JsonNode? theirs = null;
            if (options.Peers is not null && options.Only != "ours")
            {
                var url = (await BenchDatabase.FreshAsync(server, "tandem_bench_peer", ct)).Split('?')[0];
                theirs = await NodePeer.RunAsync(options.Peers,
                    $"outbox/outbox.mjs --style batch --notify true --n {messages} --lat {Latencies}", url, null, ct);
                Print(theirs);
            }
            var ours = await RoundAsync(server, options.Peers, messages, ct);
            Print(ours);
            if (theirs is not null) rounds.Add((ours, theirs));
        }
        if (rounds.Count > 0) Print(Ratios(rounds));
        if (options.Only is not null) return;
        await HangingAsync(server, options.Seconds, ct);
        await MessagesPaceBench.OneEndpointAsync(server, ct);
    }

    private static async Task<JsonObject> RoundAsync(NpgsqlDataSource server, string? peers, int messages, CancellationToken ct)
    {
        await using var round = await MessagesRound.StartAsync(server, ct);
        await using var near = new LoopbackSink();
        // The peer's own sink, where it is there: it costs both the same.
        await using var far = peers is null ? null : await MessageSink.StartAsync(peers, ct);
        await round.BeginAsync();
        // A worker runs for weeks: what its runtime compiles in its first second is another figure.
        await DeliverAsync(round, far, near, messages / 2, ct);
        var (rate, cpu) = await DeliverAsync(round, far, near, messages, ct);
        await round.ExecuteAsync("checkpoint", ct);

        // As the peer does: one after the other from idle, and nobody asks meanwhile.
        var committed = new Dictionary<Guid, long>();
        var random = new Random(1);
        for (var i = 0; i < Latencies; i++)
        {
            await Task.Delay((int)(200 * (0.5 + random.NextDouble())), ct);
            var id = (await round.AddAsync(1, _ => $"http://127.0.0.1:{near.Port}/hook", ct))[0];
            committed[id] = Stopwatch.GetTimestamp();
        }
        while (committed.Keys.Any(id => !near.Arrived.ContainsKey(id))) await Task.Delay(100, ct);
        var latencies = committed.Select(one => (near.Arrived[one.Key] - one.Value) * 1000.0 / Stopwatch.Frequency);
        var sorted = latencies.Order().ToArray();
        return new JsonObject
        {
            ["bench"] = "messages",
            ["n"] = messages,
            ["endpoints"] = Endpoints,
            ["deliveries_per_s"] = Math.Round(rate),
            ["cpu_us_per_delivery"] = new JsonObject { ["worker"] = Math.Round(cpu.Worker, 1), ["store"] = Math.Round(cpu.Store, 1) },
            ["pickup_ms"] = new JsonObject
            {
                ["p50"] = Math.Round(ReadingsLoad.At(sorted, 0.5), 2),
                ["p95"] = Math.Round(ReadingsLoad.At(sorted, 0.95), 2)
            },
            ["repeated"] = near.Twice,
            ["worker_rss_mb"] = Math.Round(round.WorkerMemory),
        };
    }

    private static async Task<(double Rate, (double Worker, double Store) Cpu)> DeliverAsync(MessagesRound round, MessageSink? far,
        LoopbackSink near, int messages, CancellationToken ct)
    {
        await round.HoldAsync(ct);
        await round.AddAsync(messages, i => $"http://127.0.0.1:{far?.Port ?? near.Port}/hook/{i % Endpoints}", ct);
        await round.ExecuteAsync("checkpoint", ct);
        if (far is not null) await far.ResetAsync(ct);
        var before = round.Cpu;
        var already = near.Count;
        var clock = Stopwatch.StartNew();
        await round.LetGoAsync(ct);
        // Asked of the sink, as the peer does: a question to the database would scan what was delivered since, each time.
        while ((far is null ? near.Count - already : (await far.StatsAsync(ct)).Count) < messages) await Task.Delay(10, ct);
        var took = clock.Elapsed.TotalSeconds;
        await round.SettledAsync(ct);
        var (worker, store) = (round.Cpu.Worker - before.Worker, round.Cpu.Store - before.Store);
        if (far is not null)
        {
            var (count, _, first, last) = await far.StatsAsync(ct);
            if (count != messages) throw new InvalidOperationException($"{messages} messages were delivered, and {count} came.");
            // As the peer counts: from the first to come to the last.
            took = (last - first) / 1000;
        }
        return (messages / took, (worker * 1e6 / messages, store * 1e6 / messages));
    }

    // Do a hundred that hang harm the others?
    private static async Task HangingAsync(NpgsqlDataSource server, int seconds, CancellationToken ct)
    {
        const int All = 10_000;
        const int PerBatch = 50;
        foreach (var hanging in (int[])[0, 100, 0, 100])
        {
            await using var round = await MessagesRound.StartAsync(server, ct);
            await using var sink = new LoopbackSink();
            await round.BeginAsync();
            await round.AddAsync(5000, i => $"http://127.0.0.1:{sink.Port}/warm/{i % 500}", ct);
            await round.SettledAsync(ct);
            var random = new Random(7);
            var sent = new Dictionary<Guid, long>();
            var clock = Stopwatch.StartNew();
            for (var batch = 0; clock.Elapsed.TotalSeconds < seconds; batch++)
            {
                var hangs = new bool[PerBatch];
                var ids = await round.AddAsync(PerBatch, i =>
                {
                    var endpoint = random.Next(All);
                    hangs[i] = endpoint < hanging;
                    return $"http://127.0.0.1:{sink.Port}/e/{endpoint}{(hangs[i] ? "/hang" : "")}";
                }, ct);
                for (var i = 0; i < PerBatch; i++)
                    if (!hangs[i]) sent[ids[i]] = Stopwatch.GetTimestamp();
                if (TimeSpan.FromMilliseconds(batch * 25) - clock.Elapsed is { Ticks: > 0 } early) await Task.Delay(early, ct);
            }
            var waited = Stopwatch.StartNew();
            while (sent.Keys.Any(id => !sink.Arrived.ContainsKey(id)) && waited.Elapsed.TotalSeconds < 40) await Task.Delay(20, ct);
            var delays =
                sent.Select(one =>
                    sink.Arrived.TryGetValue(one.Key, out var at)
                        ? (at - one.Value) * 1000.0 / Stopwatch.Frequency : double.PositiveInfinity).Order().ToArray();
            Print(new JsonObject
            {
                ["bench"] = "messages",
                ["case"] = "hanging",
                ["endpoints"] = All,
                ["hanging"] = hanging,
                ["per_s"] = Math.Round(sent.Count / (double)seconds),
                ["others_ms"] = new JsonObject
                {
                    ["p50"] = Math.Round(ReadingsLoad.At(delays, 0.5), 1),
                    ["p95"] = Math.Round(ReadingsLoad.At(delays, 0.95), 1),
                    ["p99"] = Math.Round(ReadingsLoad.At(delays, 0.99), 1)
                },
                ["lost"] = delays.Count(double.IsInfinity),
            });
        }
    }

    private static JsonObject Ratios(List<(JsonObject Ours, JsonNode Theirs)> rounds)
    {
        double Median(Func<JsonObject, JsonNode, double> ratio) =>
            Math.Round(rounds.Select(round => ratio(round.Ours, round.Theirs)).Order().ElementAt(rounds.Count / 2), 3);
        return new JsonObject
        {
            ["bench"] = "messages",
            ["peer"] = "outbox",
            ["ratio"] = "ours / peer, median of rounds",
            ["deliveries"] = Median((ours, theirs) =>
                ours["deliveries_per_s"]!.GetValue<double>() / theirs["deliveries_per_s"]!.GetValue<double>()),
            ["cpu"] = Median((ours, theirs) => ours["cpu_us_per_delivery"]!["worker"]!.GetValue<double>() / PeerCpu(theirs)),
            ["pickup_p50"] = Median((ours, theirs) =>
                ours["pickup_ms"]!["p50"]!.GetValue<double>() / theirs["pickup_ms"]!["p50"]!.GetValue<double>()),
        };
    }

    // Its process from beginning to end, of which the deliveries are nearly all.
    private static double PeerCpu(JsonNode theirs) =>
        (theirs["dispatcher_cpu_ms"] is JsonObject parts ? parts.Sum(part => part.Value!.GetValue<double>())
            : theirs["dispatcher_cpu_ms"]!.GetValue<double>()) * 1000 / theirs["delivered"]!.GetValue<double>();

    private static void Print(JsonNode line) => Console.WriteLine(line.ToJsonString());
}
