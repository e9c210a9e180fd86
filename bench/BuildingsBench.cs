using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using App.Platform.Database;
using Npgsql;

namespace Bench;

/// <summary>
/// What a reading costs when there are more buildings: the same load, posted by one house a minute each, to 100 up to
/// 100,000 of them. Then how many of them one worker keeps up with.
/// </summary>
internal static class BuildingsBench
{
    /// <summary>Name of the case.</summary>
    public const string Name = "buildings";

    private const int Batch = 100;
    private const int Readings = 100_000;
    private const int Rate = 10_000;

    // A house's minutes are first predicted from the 26th on, and a last time once 65 more are known: from minute 28 to 78
    // each reading leads to exactly one window, whatever the number of houses.
    private const int Before = 28;
    private const int Span = 50;

    // By then each reading leads to two, a provisional prediction and a final one.
    private const int Settled = 90;

    public static async Task RunAsync(NpgsqlDataSource server, BenchOptions options, CancellationToken ct)
    {
        foreach (var houses in (int[])[100, 1_000, 10_000, 100_000])
            if (!ct.IsCancellationRequested) Console.WriteLine((await CostAsync(server, houses, options, ct)).ToJsonString());
        Console.WriteLine((await CapacityAsync(server, options, ct)).ToJsonString());
    }

    private static async Task<JsonObject> CostAsync(NpgsqlDataSource server, int houses, BenchOptions options, CancellationToken ct)
    {
        await using var run = await Run.StartAsync(server, options, ct);
        await run.WarmUpAsync(ct);
        var load = new MinutesLoad(run.Web.Address, "b", houses);
        var minutes = Math.Min(Span, Readings / houses);
        var total = new Usage();
        for (var posted = 0; posted < Readings; posted += minutes * houses)
        {
            load.Jump();
            await load.PostAsync(Before, Math.Min(houses, 1000), houses >= 10_000 ? 5 : 1, 0, ct);
            await BenchDatabase.DrainedAsync(run.Source, ct);
            total += await run.MeasureAsync(() => load.PostAsync(minutes, Batch, 1, Rate, ct), ct);
        }
        var line = total.ToJson(Name);
        line.Insert(2, "buildings", houses);
        return line;
    }

    private static async Task<JsonObject> CapacityAsync(NpgsqlDataSource server, BenchOptions options, CancellationToken ct)
    {
        await using var run = await Run.StartAsync(server, options, ct);
        var load = new MinutesLoad(run.Web.Address, "b", 2_000);
        await load.PostAsync(Settled, Batch, 4, 0, ct);
        await BenchDatabase.DrainedAsync(run.Source, ct);
        var used = await run.MeasureAsync(() => load.PostAsync(150, Batch, 4, 0, ct), ct);
        var line = used.ToJson("buildings-capacity");
        line["processed_per_s"] = Math.Round(used.Readings / used.Seconds);
        line["buildings_at_one_reading_a_minute"] = Math.Round(used.Readings / used.Seconds * 60);
        return line;
    }

    // What some readings have cost, and what the model had of it.
    private readonly record struct Usage(double Seconds, long Readings, double Web, double Worker, double Store, double Windows,
        double Inference)
    {
        public static Usage operator +(Usage a, Usage b) => new(a.Seconds + b.Seconds, a.Readings + b.Readings,
            a.Web + b.Web, a.Worker + b.Worker, a.Store + b.Store, a.Windows + b.Windows, a.Inference + b.Inference);

        public static Usage operator -(Usage a, Usage b) => new(a.Seconds - b.Seconds, a.Readings - b.Readings,
            a.Web - b.Web, a.Worker - b.Worker, a.Store - b.Store, a.Windows - b.Windows, a.Inference - b.Inference);

        public JsonObject ToJson(string name) => new()
        {
            ["bench"] = "readings",
            ["case"] = name,
            ["accepted"] = Readings,
            ["windows_per_reading"] = Math.Round(Windows / Readings, 2),
            ["cpu_us_per_reading"] = new JsonObject { ["web"] = Micros(Web), ["worker"] = Micros(Worker), ["store"] = Micros(Store) },
            ["cpu_us_total"] = Micros(Web + Worker + Store),
            ["inference_us_per_window"] = Math.Round(Inference * 1e6 / Math.Max(1, Windows), 2),
        };

        private double Micros(double seconds) => Math.Round(seconds * 1e6 / Readings, 2);
    }

    // One web process and one worker on a fresh database.
    private sealed record Run(NpgsqlDataSource Source, AppProcess Web, AppProcess Worker, int Postmaster) : IAsyncDisposable
    {
        public static async Task<Run> StartAsync(NpgsqlDataSource server, BenchOptions options, CancellationToken ct)
        {
            var url = await BenchDatabase.FreshAsync(server, "tandem_bench", ct);
            var connection = DatabaseUrl.Parse(url).ConnectionString!;
            await SchemaMigration.ApplyAsync(connection, ct);
            var source = NpgsqlDataSource.Create(connection);
            var worker = await AppProcess.StartAsync(options.App, url, worker: true, ct);
            var web = await AppProcess.StartAsync(options.App, url, worker: false, ct);
            return new Run(source, web, worker, await BenchDatabase.PostmasterAsync(source, ct));
        }

        // The same for every number of houses: code is compiled and buffers have grown.
        public async Task WarmUpAsync(CancellationToken ct)
        {
            var load = new MinutesLoad(Web.Address, "warm", 100);
            for (var i = 0; i < 8; i++)
            {
                load.Jump();
                await load.PostAsync(Before + Span, Batch, 1, 0, ct);
            }
            await BenchDatabase.DrainedAsync(Source, ct);
        }

        public async Task<Usage> MeasureAsync(Func<Task<long>> post, CancellationToken ct)
        {
            var before = await NowAsync(0, ct);
            var accepted = await post();
            await BenchDatabase.DrainedAsync(Source, ct);
            return await NowAsync(accepted, ct) - before;
        }

        public async ValueTask DisposeAsync()
        {
            await Web.DisposeAsync();
            await Worker.DisposeAsync();
            await Source.DisposeAsync();
        }

        private async Task<Usage> NowAsync(long readings, CancellationToken ct)
        {
            using var http = new HttpClient
            {
                BaseAddress = Worker.Address,
                DefaultRequestHeaders = { Authorization = new("Bearer", AppProcess.Key) }
            };
            var metrics = await http.GetStringAsync("/metrics", ct);
            double Metric(string name) =>
                Regex.Match(metrics, $"^{name} (\\S+)$", RegexOptions.Multiline, TimeSpan.FromSeconds(1)) is { Success: true } match
                ? double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)
                : 0;
            return new Usage(ReadingsLoad.Now / 1000, readings, ProcessUsage.Cpu(Web.Pid), ProcessUsage.Cpu(Worker.Pid),
                ProcessUsage.CpuOfTree(Postmaster),
                Metric("tandem_inference_windows_total"), Metric("tandem_inference_seconds_sum"));
        }
    }
}
