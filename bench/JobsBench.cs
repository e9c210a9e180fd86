using System.Diagnostics;
using System.Text.Json.Nodes;
using App.Engines.Jobs;
using Npgsql;

namespace Bench;

/// <summary>
/// No-op jobs: enqueued one by one from concurrent callers and in bulk, processed by one worker process, and started
/// from idle. Beside the peers, in interleaved rounds.
/// </summary>
internal static class JobsBench
{
    private const int InFlight = 32;
    private const int Latencies = 150;
    private static readonly (string Name, string Arguments)[] Peers =
    [
        ("graphile", "--impl graphile --mode tuned"), ("pgboss", "--impl pgboss --mode tuned"), ("bullmq", "--impl bullmq --mode tuned"),
    ];

    public static async Task RunAsync(BenchOptions options, CancellationToken ct)
    {
        await using var postgres = await BenchServer.StartAsync(ct);
        var server = postgres.Source;
        switch (options.Only)
        {
            case "backlog":
                await BacklogAsync(server, ct);
                return;
            case "churn":
                await ChurnAsync(server, options.Jobs ?? 5_000_000, ct);
                return;
            case "workers":
                await WorkersAsync(server, options.Jobs ?? 200_000, ct);
                return;
            case "fairness":
                await FairnessAsync(server, options.Jobs ?? 100_000, ct);
                return;
        }
        var peers = options.Peers is null ? [] : Peers.Where(peer => options.Only is null || peer.Name == options.Only).ToArray();
        await using var redis = peers.Any(peer => peer.Name == "bullmq") ? RedisProcess.Start() : null;
        var rounds = new List<(JsonObject Ours, Dictionary<string, JsonNode> Theirs)>();
        for (var round = 0; round < options.Rounds && !ct.IsCancellationRequested; round++)
        {
            var theirs = new Dictionary<string, JsonNode>();
            foreach (var (name, arguments) in peers)
            {
                if (name == "bullmq" && redis is null) continue;
                var url = (await BenchDatabase.FreshAsync(server, "tandem_bench_peer", ct)).Split('?')[0];
                theirs[name] = await NodePeer.RunAsync(options.Peers!,
                    $"jobs/jobs.mjs {arguments} --n {options.Jobs ?? 400_000} --lat {Latencies}", url, redis?.Port, ct);
                Print(theirs[name]);
            }
            var ours = await RoundAsync(server, options.Jobs ?? 400_000, 1, ct);
            Print(ours);
            rounds.Add((ours, theirs));
        }
        foreach (var (name, _) in peers.Where(peer => rounds.TrueForAll(round => round.Theirs.ContainsKey(peer.Name))))
            Print(Ratios(name, rounds));
    }

    public static async Task<JsonObject> RoundAsync(NpgsqlDataSource server, int jobs, int workers, CancellationToken ct)
    {
        await using var bench = await BenchRound.StartAsync(server, workers, ct);
        var queue = bench.Queue;

        var singles = Math.Min(jobs / 5, 20_000);
        await SinglesAsync(queue, 500, ct);
        var single = await TimeAsync(() => SinglesAsync(queue, singles, ct));
        var bulk = await TimeAsync(async () =>
        {
            for (var from = 0; from < jobs - singles; from += 10_000)
                await queue.EnqueueManyAsync(Enumerable.Range(from, Math.Min(10_000, jobs - singles - from)).Select(_ => Noop(0)), ct);
        });
        var before = (Worker: bench.WorkerCpu(), Store: ProcessUsage.CpuOfTree(bench.Postmaster));
        var process = await TimeAsync(async () =>
        {
            await bench.BeginAsync();
            await bench.EmptyAsync(ct);
        });
        var cpu = (Worker: bench.WorkerCpu() - before.Worker, Store: ProcessUsage.CpuOfTree(bench.Postmaster) - before.Store);
        await bench.ExpectDoneAsync(jobs + 500, ct);

        return await WarmAsync(bench, jobs, singles, single, bulk, process, cpu, ct);
    }

    // A worker runs for weeks: the same again, without what its runtime compiles in its first second.
    private static async Task<JsonObject> WarmAsync(BenchRound bench, int jobs, int singles, double single, double bulk, double process,
        (double Worker, double Store) cpu, CancellationToken ct)
    {
        await bench.ExecuteAsync("insert into job_queues values ('held', now()) on conflict (name) do update set paused_at = now()", ct);
        await bench.Queue.EnqueueManyAsync(Enumerable.Range(0, jobs).Select(_ => Noop(0) with { Queue = "held" }), ct);
        var before = (Worker: bench.WorkerCpu(), Store: ProcessUsage.CpuOfTree(bench.Postmaster));
        var warm = await TimeAsync(async () =>
        {
            await bench.ExecuteAsync("update job_queues set paused_at = null; notify tandem_jobs", ct);
            await bench.EmptyAsync(ct);
        });
        var used = (Worker: bench.WorkerCpu() - before.Worker, Store: ProcessUsage.CpuOfTree(bench.Postmaster) - before.Store);
        await Task.Delay(1000, ct);
        var latencies = new List<double>();
        var random = new Random(1);
        for (var i = 0; i < Latencies; i++)
        {
            await bench.Queue.EnqueueAsync(Noop(ReadingsLoad.Now), ct);
            latencies.Add(await bench.NextLatencyAsync(ct));
            await Task.Delay((int)(15 * (0.5 + random.NextDouble())), ct);
        }
        await bench.EmptyAsync(ct);
        await bench.ExpectDoneAsync((2 * jobs) + 500 + Latencies, ct);
        var sorted = latencies.Order().ToArray();
        return new JsonObject
        {
            ["bench"] = "jobs",
            ["n"] = jobs,
            ["workers"] = bench.Workers,
            ["deadlocks"] = await bench.DeadlocksAsync(ct),
            ["enqueue_per_s"] = Math.Round(singles / single),
            ["enqueue_bulk_per_s"] = Math.Round((jobs - singles) / bulk),
            ["process_per_s"] = Math.Round(jobs / warm),
            ["process_cold_per_s"] = Math.Round((jobs + 500) / process),
            ["process_cpu_us_per_job"] = new JsonObject
            {
                ["worker"] = Math.Round(used.Worker * 1e6 / jobs, 1),
                ["store"] = Math.Round(used.Store * 1e6 / jobs, 1)
            },
            ["cold_cpu_us_per_job"] = new JsonObject
            {
                ["worker"] = Math.Round(cpu.Worker * 1e6 / jobs, 1),
                ["store"] = Math.Round(cpu.Store * 1e6 / jobs, 1)
            },
            ["idle_start_ms"] = new JsonObject
            {
                ["p50"] = Math.Round(ReadingsLoad.At(sorted, 0.5), 2),
                ["p99"] = Math.Round(ReadingsLoad.At(sorted, 0.99), 2)
            },
            ["worker_rss_mb"] = Math.Round(bench.WorkerMemory()),
        };
    }

    // The same rate with a million waiting as with a thousand?
    private static async Task BacklogAsync(NpgsqlDataSource server, CancellationToken ct)
    {
        foreach (var waiting in (int[])[1_000, 1_000_000, 1_000, 1_000_000])
        {
            await using var bench = await BenchRound.StartAsync(server, 1, ct);
            await bench.BeginAsync();
            // Warm.
            await EnqueueAsync(bench.Queue, 50_000, ct);
            await bench.EmptyAsync(ct);
            const int Measured = 100_000;
            double rate;
            if (waiting > Measured)
            {
                await bench.ExecuteAsync(
                    "insert into job_queues values ('default', now()) on conflict (name) do update set paused_at = now()", ct);
                await EnqueueAsync(bench.Queue, waiting + Measured, ct);
                await bench.ExecuteAsync("update job_queues set paused_at = null; notify tandem_jobs", ct);
                var began = await bench.DoneAsync(ct);
                var clock = Stopwatch.StartNew();
                while (await bench.DoneAsync(ct) - began < Measured) await Task.Delay(20, ct);
                rate = (await bench.DoneAsync(ct) - began) / clock.Elapsed.TotalSeconds;
            }
            else
            {
                // Never more than about a thousand waiting: enqueued as they are taken.
                var began = await bench.DoneAsync(ct);
                var clock = Stopwatch.StartNew();
                for (var i = 0; i < Measured / waiting; i++)
                {
                    await EnqueueAsync(bench.Queue, waiting, ct);
                    while (await bench.WaitingAsync(ct) > waiting / 2) await Task.Yield();
                }
                await bench.EmptyAsync(ct);
                rate = (await bench.DoneAsync(ct) - began) / clock.Elapsed.TotalSeconds;
            }
            Print(new JsonObject { ["bench"] = "jobs", ["case"] = "backlog", ["waiting"] = waiting, ["process_per_s"] = Math.Round(rate) });
        }
    }

    // Four processes beside one, in turns: no job twice, no deadlock, and how much more they do.
    private static async Task WorkersAsync(NpgsqlDataSource server, int jobs, CancellationToken ct)
    {
        var rates = new List<(int Workers, double Rate)>();
        foreach (var workers in (int[])[1, 4, 1, 4])
        {
            var round = await RoundAsync(server, jobs, workers, ct);
            Print(round);
            rates.Add((workers, round["process_per_s"]!.GetValue<double>()));
        }
        Print(new JsonObject
        {
            ["bench"] = "jobs",
            ["case"] = "workers",
            ["four_to_one"] = Math.Round(
                rates.Where(one => one.Workers == 4)
                    .Average(one => one.Rate) / rates.Where(one => one.Workers == 1).Average(one => one.Rate), 3),
        });
    }

    // One organization has a backlog of jobs of 2 ms, another adds ten now and then: how long do they wait?
    private static async Task FairnessAsync(NpgsqlDataSource server, int backlog, CancellationToken ct)
    {
        const int Times = 20;
        const int Few = 10;
        await using var bench = await BenchRound.StartAsync(server, 1, ct);
        await bench.BeginAsync();
        await bench.Queue.EnqueueManyAsync(
            Enumerable.Range(0, backlog).Select(_ => new NewJob(JobsWorker.Kind, new NoopArgs(0, 2)) { Organization = "big" }), ct);
        var delays = new List<double>();
        for (var time = 0; time < Times; time++)
        {
            await Task.Delay(250, ct);
            await Task.WhenAll(
                Enumerable.Range(0, Few).Select(_ => bench.Queue.EnqueueAsync(Noop(ReadingsLoad.Now) with { Organization = "small" }, ct)));
            for (var n = 0; n < Few; n++) delays.Add(await bench.NextLatencyAsync(ct));
        }
        var sorted = delays.Order().ToArray();
        Print(new JsonObject
        {
            ["bench"] = "jobs",
            ["case"] = "fairness",
            ["backlog"] = backlog,
            ["backlog_left"] = await bench.WaitingAsync(ct),
            ["delay_ms"] = new JsonObject
            {
                ["p50"] = Math.Round(ReadingsLoad.At(sorted, 0.5), 1),
                ["p95"] = Math.Round(ReadingsLoad.At(sorted, 0.95), 1),
                ["worst"] = Math.Round(sorted[^1], 1)
            },
        });
    }

    // Hours of coming and going: does the rate hold, and the table stay small?
    private static async Task ChurnAsync(NpgsqlDataSource server, int jobs, CancellationToken ct)
    {
        await using var bench = await BenchRound.StartAsync(server, 1, ct);
        await bench.BeginAsync();
        await EnqueueAsync(bench.Queue, 50_000, ct);
        await bench.EmptyAsync(ct);
        const int Slice = 250_000;
        var rates = new List<double>();
        for (var done = 0; done < jobs; done += Slice)
        {
            var clock = Stopwatch.StartNew();
            for (var i = 0; i < Slice; i += 10_000)
            {
                await EnqueueAsync(bench.Queue, 10_000, ct);
                while (await bench.WaitingAsync(ct) > 20_000) await Task.Delay(5, ct);
            }
            await bench.EmptyAsync(ct);
            rates.Add(Slice / clock.Elapsed.TotalSeconds);
            Print(new JsonObject
            {
                ["bench"] = "jobs",
                ["case"] = "churn",
                ["done"] = done + Slice,
                ["process_per_s"] = Math.Round(rates[^1]),
                ["jobs_table_mb"] = await bench.ScalarAsync<long>("select pg_total_relation_size('jobs') / 1048576", ct),
            });
        }
        var few = Math.Max(1, rates.Count / 4);
        Print(new JsonObject
        {
            ["bench"] = "jobs",
            ["case"] = "churn",
            ["last_to_first_quarter"] = Math.Round(rates.TakeLast(few).Average() / rates.Take(few).Average(), 3)
        });
    }

    private static async Task EnqueueAsync(JobQueue queue, int jobs, CancellationToken ct)
    {
        for (var from = 0; from < jobs; from += 10_000)
            await queue.EnqueueManyAsync(Enumerable.Range(0, Math.Min(10_000, jobs - from)).Select(_ => Noop(0)), ct);
    }

    private static Task SinglesAsync(JobQueue queue, int jobs, CancellationToken ct)
    {
        var left = jobs;
        return Task.WhenAll(Enumerable.Range(0, InFlight).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Decrement(ref left) >= 0) await queue.EnqueueAsync(Noop(0), ct);
        }, ct)));
    }

    private static NewJob Noop(double at) => new(JobsWorker.Kind, new NoopArgs(at));

    // Milliseconds.
    private static double IdleStart(JsonNode figures) => figures["idle_start_ms"]!["p50"]!.GetValue<double>();

    private static async Task<double> TimeAsync(Func<Task> work)
    {
        var clock = Stopwatch.StartNew();
        await work();
        return clock.Elapsed.TotalSeconds;
    }

    private static JsonObject Ratios(string peer, List<(JsonObject Ours, Dictionary<string, JsonNode> Theirs)> rounds)
    {
        double Median(string ours, string theirs) => Math.Round(rounds
            .Select(round => round.Ours[ours]!.GetValue<double>() / round.Theirs[peer][theirs]!.GetValue<double>())
            .Order().ElementAt(rounds.Count / 2), 3);
        return new JsonObject
        {
            ["bench"] = "jobs",
            ["peer"] = peer,
            ["ratio"] = "ours / peer, median of rounds",
            ["process"] = Median("process_per_s", "process_per_s"),
            ["process_cold"] = Median("process_cold_per_s", "process_per_s"),
            ["enqueue_single"] = Median("enqueue_per_s", "enqueue_single_per_s"),
            ["enqueue_bulk"] = Median("enqueue_bulk_per_s", "enqueue_bulk_per_s"),
            ["idle_start_p50"] = Math.Round(
                rounds.Select(round => IdleStart(round.Ours) / IdleStart(round.Theirs[peer])).Order().ElementAt(rounds.Count / 2), 3),
        };
    }

    private static void Print(JsonNode line) => Console.WriteLine(line.ToJsonString());
}
