using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using App.Tests.Fixtures;
using App.Tests.Runs;
using Xunit.Abstractions;

namespace App.Tests.Scenarios;

/// <summary>
/// Everything works behind PgBouncer in transaction mode: no session state, no prepared statements, no locks that outlive
/// a transaction, and never more sessions than a pool that is smaller than each process' own.
/// </summary>
public sealed class PgBouncerTests(ITestOutputHelper report) : IAsyncLifetime
{
    private const int Sessions = 6;
    private readonly List<ChildProcess> processes = [];
    private TestDatabase database = null!;
    private PgBouncer pooler = null!;
    private Outcome outcome = null!;
    private JobLedger ledger = null!;

    public async Task InitializeAsync()
    {
        database = await TestDatabase.CreateAsync();
        outcome = new Outcome(database.ConnectionString);
        pooler = await PgBouncer.StartAsync(database.ConnectionString, Sessions);
        ledger = await JobLedger.CreateAsync(pooler.ConnectionString, database.ConnectionString);
    }

    public async Task DisposeAsync()
    {
        foreach (var process in processes) await process.DisposeAsync();
        await ledger.DisposeAsync();
        await pooler.DisposeAsync();
        await outcome.DisposeAsync();
        await database.DisposeAsync();
    }

    [PgBouncerFact]
    public async Task Readings_the_stream_jobs_runs_and_schedules_work_behind_a_pooler_in_transaction_mode()
    {
        var web = await StartAsync(worker: false);
        var worker = await StartAsync(worker: true);
        var victim = StartJobs();
        var load = Load.Start(web.Http, seed: 6);
        ledger.Begin(new Deed(2, 2));

        var run = await web.Http.RunToEndAsync(
            RunClient.Step("a", "transform", new { template = new { n = 1 } }),
            RunClient.Step("b", "delay", new { ms = 50 }, ["a"]),
            RunClient.Step("c", "transform", new { template = "{{steps.a.output.n}}" }, ["b"]));
        Assert.Equal("succeeded", run.StatusOf());
        await FiresAsync(web);

        await ledger.EffectsAsync(200);
        await ledger.KillAsync(victim);
        StartJobs();
        await load.AcceptMoreAsync(200);
        await ledger.EffectsAsync(100);
        await load.StopAsync();
        await ledger.StopAsync();
        await outcome.IsRightAsync(load);
        await ledger.IsRightAsync();
        report.WriteLine($"{await ledger.CountAsync("job_done")} jobs. Answers: {load.Summary}.");
        Assert.Equal((0, 0, 0), (load.Answers(503), load.Answers(0), ledger.Refused));
        Assert.All(processes, process => Assert.DoesNotContain("prepared statement", process.Output, StringComparison.Ordinal));
        // That the machine is slow is not the pooler's fault.
        Assert.All((AppProcess[])[web, worker], app => Assert.DoesNotContain(app.Output.Split('\n'), line =>
            line.Contains("[WRN]", StringComparison.Ordinal)
                && !line.Contains("the heartbeat has been running", StringComparison.Ordinal)));
    }

    // A schedule is fired by hand, and its job runs.
    private static async Task FiresAsync(AppProcess app)
    {
        using var fired = await app.Http.PostAsync("/api/schedules/schedules.prune/trigger", null);
        Assert.Equal(HttpStatusCode.Accepted, fired.StatusCode);
        await Poll.UntilAsync("the schedule has run", async () =>
            (await app.Http.GetFromJsonAsync<JsonElement>("/api/schedules/schedules.prune/runs")).GetProperty("runs")[0].GetProperty(
                "status").GetString() == "succeeded");
    }

    private async Task<AppProcess> StartAsync(bool worker)
    {
        var app = await AppProcess.StartReadyAsync(pooler.Url, worker, ("DATABASE_UNPOOLED_URL", database.Url));
        processes.Add(app);
        return app;
    }

    private JobFaultWorker StartJobs()
    {
        var worker = JobFaultWorker.Start(pooler.ConnectionString, database.ConnectionString, heartbeatMs: 2000);
        processes.Add(worker);
        return worker;
    }
}
