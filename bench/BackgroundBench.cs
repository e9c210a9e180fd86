using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using App.Engines.Background;
using App.Platform.Database;
using Hangfire;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace Bench;

/// <summary>
/// No-op background jobs: enqueued one after the other, processed by one worker process, and started from idle. As the
/// product runs them, beside Hangfire as it comes and beside Jobs.
/// </summary>
internal static class BackgroundBench
{
    private const int Workers = 10;
    private const int Latencies = 20;

    public static async Task RunAsync(BenchOptions options, CancellationToken ct)
    {
        await using var postgres = await BenchServer.StartAsync(ct);
        for (var round = 0; round < options.Rounds && !ct.IsCancellationRequested; round++)
        {
            var plain = await RoundAsync(postgres.Source, BackgroundWorker.Plain, options.Jobs ?? 1000, ct);
            var ours = await RoundAsync(postgres.Source, BackgroundWorker.Ours, options.Jobs ?? 1000, ct);
            foreach (var figure in (string[])["enqueue_per_s", "process_per_s", "idle_start_p50_ms"])
                Console.WriteLine(new JsonObject
                {
                    ["bench"] = "background",
                    ["figure"] = figure,
                    ["ours"] = ours[figure]!.GetValue<double>(),
                    ["hangfire_defaults"] = plain[figure]!.GetValue<double>(),
                    ["ratio"] = Math.Round(ours[figure]!.GetValue<double>() / plain[figure]!.GetValue<double>(), 3),
                }.ToJsonString());
            // The other engine, for the distance between the two.
            Console.WriteLine((await JobsBench.RoundAsync(postgres.Source, 100 * (options.Jobs ?? 1000), 1, ct)).ToJsonString());
        }
    }

    private static async Task<JsonObject> RoundAsync(NpgsqlDataSource server, string kind, int jobs, CancellationToken ct)
    {
        var url = await BenchDatabase.FreshAsync(server, "tandem_bench", ct);
        var connection = DatabaseUrl.Parse(url).ConnectionString!;
        await SchemaMigration.ApplyAsync(connection, ct);
        await using var source = NpgsqlDataSource.Create(connection);
        using var host = BackgroundWorker.Host(url, worker: false, Workers);
        using var worker =
            Process.Start(new ProcessStartInfo("dotnet",
                [Path.Combine(AppContext.BaseDirectory, "bench.dll"), "background-worker", kind, url, $"{Workers}"])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            })!;
        try
        {
            var latencies = Channel.CreateUnbounded<double>();
            _ = ReadAsync(worker, latencies.Writer);
            var schema = kind == BackgroundWorker.Plain ? "plain" : "hangfire";
            var enqueue = kind == BackgroundWorker.Plain ? Plain(url) : Ours(host);
            enqueue(0);
            var enqueued = Time(() => { for (var i = 1; i < jobs; i++) enqueue(0); });
            var clock = Stopwatch.StartNew();
            await worker.StandardInput.WriteLineAsync();
            await worker.StandardInput.FlushAsync(ct);
            while (await LeftAsync(source, schema, ct) > 0) await Task.Delay(20, ct);
            var processed = clock.Elapsed.TotalSeconds;
            var starts = new List<double>();
            for (var i = 0; i < Latencies; i++)
            {
                // Not in step with the worker's own polling.
                await Task.Delay(Random.Shared.Next(100, 700), ct);
                enqueue(ReadingsLoad.Now);
                starts.Add(await latencies.Reader.ReadAsync(ct));
            }
            starts.Sort();
            return new JsonObject
            {
                ["enqueue_per_s"] = Math.Round((jobs - 1) / enqueued, 1),
                ["process_per_s"] = Math.Round(jobs / processed, 1),
                ["idle_start_p50_ms"] = Math.Round(starts[starts.Count / 2], 1),
            };
        }
        finally
        {
            worker.Kill();
            await worker.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static Action<double> Ours(IHost host)
    {
        var jobs = host.Services.GetRequiredService<BackgroundJobs>();
        return at => jobs.Enqueue<NoopBackgroundJob>(job => job.RunAsync(at, CancellationToken.None));
    }

    private static Action<double> Plain(string url)
    {
        var client = new BackgroundJobClient(BackgroundWorker.PlainStorage(url));
        return at => client.Enqueue<NoopBackgroundJob>(job => job.RunAsync(at, CancellationToken.None));
    }

    private static double Time(Action work)
    {
        var clock = Stopwatch.StartNew();
        work();
        return clock.Elapsed.TotalSeconds;
    }

    private static async Task<long> LeftAsync(NpgsqlDataSource source, string schema, CancellationToken ct)
    {
        await using var command = source.CreateCommand($"select count(*) from {schema}.jobqueue");
        return (long)(await command.ExecuteScalarAsync(ct))!;
    }

    private static async Task ReadAsync(Process worker, ChannelWriter<double> latencies)
    {
        while (await worker.StandardOutput.ReadLineAsync() is { } line)
            if (double.TryParse(line, CultureInfo.InvariantCulture, out var latency)) latencies.TryWrite(latency);
            else Console.Error.WriteLine(line);
    }
}
