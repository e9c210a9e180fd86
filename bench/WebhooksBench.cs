using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using App.Platform.Database;
using Npgsql;

namespace Bench;

/// <summary>
/// How soon a provider is answered, which is after its event is on disk: payments of reservations at a steady rate,
/// whatever the answers take, web and worker as two processes.
/// </summary>
internal static class WebhooksBench
{
    private const string Secret = "secret-of-this-benchmark";
    private const int WarmUpSeconds = 4;

    public static async Task RunAsync(BenchOptions options, CancellationToken ct)
    {
        Environment.SetEnvironmentVariable("PAYSTACK_SECRET_KEY", Secret);
        await using var postgres = await BenchServer.StartAsync(ct);
        var server = postgres.Source;
        foreach (var rate in (int[])[200, 1000])
        {
            var url = await BenchDatabase.FreshAsync(server, "tandem_bench", ct);
            await SchemaMigration.ApplyAsync(DatabaseUrl.Parse(url).ConnectionString!, ct);
            await using var source = NpgsqlDataSource.Create(DatabaseUrl.Parse(url).ConnectionString!);
            await using var worker = await AppProcess.StartAsync(options.App, url, worker: true, ct);
            await using var web = await AppProcess.StartAsync(options.App, url, worker: false, ct);
            await SendAsync(web.Address, "warm", rate, WarmUpSeconds, ct);
            await DrainedAsync(source, ct);
            var postmaster = await BenchDatabase.PostmasterAsync(source, ct);
            (double Web, double Worker, double Store) Cpu() =>
                (ProcessUsage.Cpu(web.Pid), ProcessUsage.Cpu(worker.Pid), ProcessUsage.CpuOfTree(postmaster));
            var before = Cpu();
            var (latencies, refused) = await SendAsync(web.Address, "paid", rate, options.Seconds, ct);
            await DrainedAsync(source, ct);
            var after = Cpu();
            double Micros(double seconds) => Math.Round(seconds * 1e6 / Math.Max(1, latencies.Length));
            double At(double share) => Math.Round(latencies[(int)((latencies.Length - 1) * share)], 2);
            Console.WriteLine(new JsonObject
            {
                ["bench"] = "webhooks",
                ["rate_per_s"] = rate,
                ["answered"] = latencies.Length,
                ["refused"] = refused,
                ["answer_ms_p50"] = At(0.5),
                ["answer_ms_p95"] = At(0.95),
                ["answer_ms_p99"] = At(0.99),
                ["answer_ms_max"] = At(1),
                ["web_cpu_us"] = Micros(after.Web - before.Web),
                ["worker_cpu_us"] = Micros(after.Worker - before.Worker),
                ["store_cpu_us"] = Micros(after.Store - before.Store),
                ["processed_ms_p50"] = await ScalarAsync(source, 0.5, ct),
                ["processed_ms_p99"] = await ScalarAsync(source, 0.99, ct),
            }.ToJsonString());
        }
    }

    private static async Task<(double[] Latencies, int Refused)> SendAsync(Uri address, string prefix, int rate, int seconds,
        CancellationToken ct)
    {
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 256 }) { BaseAddress = address };
        var (latencies, refused) = (new ConcurrentBag<double>(), 0);
        var began = Stopwatch.GetTimestamp();
        var sending = new List<Task>(rate * seconds);
        for (var i = 0; i < rate * seconds; i++)
        {
            // Whoever is late sends what is due at once.
            if (TimeSpan.FromSeconds((double)i / rate) - Stopwatch.GetElapsedTime(began) is var early
                && early > TimeSpan.FromMilliseconds(1)) await Task.Delay(early, ct);
            sending.Add(OneAsync($"{prefix}-{i}"));
        }
        await Task.WhenAll(sending);
        return ([.. latencies.Order()], refused);

        async Task OneAsync(string reference)
        {
            var body =
                Encoding.UTF8.GetBytes(
                    $$$"""
                    {"event":"charge.success","data":{"id":1,"reference":"{{{reference}}}","amount":50000,"currency":"NGN",
                    "status":"success","customer":{"email":"ada@example.org"},"metadata":""}}
                    """);
            using var request = new HttpRequestMessage(HttpMethod.Post, "/webhooks/paystack") { Content = new ByteArrayContent(body) };
            request.Headers.Add("x-paystack-signature",
                Convert.ToHexStringLower(HMACSHA512.HashData(Encoding.UTF8.GetBytes(Secret), body)));
            var sent = Stopwatch.GetTimestamp();
            using var answer = await http.SendAsync(request, ct);
            if (answer.IsSuccessStatusCode) latencies.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
            else Interlocked.Increment(ref refused);
        }
    }

    private static async Task DrainedAsync(NpgsqlDataSource source, CancellationToken ct)
    {
        await using var command = source.CreateCommand("select exists (select from webhook_events where state = 'received')");
        while ((bool)(await command.ExecuteScalarAsync(ct))!) await Task.Delay(20, ct);
    }

    private static async Task<double> ScalarAsync(NpgsqlDataSource source, double share, CancellationToken ct)
    {
        await using var command =
            source.CreateCommand(
                "select percentile_cont($1) within group (order by extract(epoch from processed_at - received_at) * 1000) "
                + "from webhook_events where dedupe_key like '%paid-%'");
        command.Parameters.Add(new() { Value = share });
        return Math.Round((double)(await command.ExecuteScalarAsync(ct))!, 2);
    }
}
