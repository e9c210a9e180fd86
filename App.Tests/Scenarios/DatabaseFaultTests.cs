using App.Tests.Fixtures;
using Xunit.Abstractions;

namespace App.Tests.Scenarios;

/// <summary>The database crashes, or ends every session; nothing accepted is lost, and work resumes.</summary>
public sealed class DatabaseFaultTests(ITestOutputHelper report) : IAsyncLifetime
{
    // Docs promise seconds; this is what a machine that is several times slower still keeps.
    private const double ResumeSeconds = 30;
    private TestDatabaseServer server = null!;
    private AppProcess web = null!;
    private AppProcess worker = null!;

    public async Task InitializeAsync()
    {
        server = await TestDatabaseServer.StartOwnAsync(durable: true);
        web = await AppProcess.StartReadyAsync(server.Url, worker: false);
        worker = await AppProcess.StartReadyAsync(server.Url, worker: true);
    }

    public async Task DisposeAsync()
    {
        await worker.DisposeAsync();
        await web.DisposeAsync();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task A_crash_of_the_database_under_load_loses_nothing_and_work_resumes()
    {
        var load = Load.Start(web.Http, seed: 4, pauseMs: 5);
        await load.AcceptMoreAsync(200);
        server.Kill();
        await Poll.UntilAsync("requests are answered 503", () => Task.FromResult(load.Answers(503) > 0), whatElse: () => load.Summary);
        // Sessions outlive the postmaster by a moment.
        await Poll.UntilAsync("both say so",
            async () => await web.StatusAsync("/health/ready") == 503 && await worker.StatusAsync("/health/ready") == 503);
        Assert.Equal(200, await web.StatusAsync("/healthz"));
        Assert.Equal(200, await worker.StatusAsync("/healthz"));

        await server.StartAgainAsync();
        var back = TimeProvider.System.GetTimestamp();
        await using var outcome = new Outcome(server.ConnectionString);
        var committed = await CommittedAsync(outcome);
        await load.AcceptMoreAsync(1);
        var accepting = TimeProvider.System.GetElapsedTime(back).TotalSeconds;
        await Poll.UntilAsync("the worker commits again", async () => await CommittedAsync(outcome) > committed);
        var consuming = TimeProvider.System.GetElapsedTime(back).TotalSeconds;
        report.WriteLine($"After the database was back: accepting in {accepting:F1} s, consuming in {consuming:F1} s.");
        Assert.InRange(consuming, 0, ResumeSeconds);
        await Poll.UntilAsync("both are ready again",
            async () => await web.StatusAsync("/health/ready") == 200 && await worker.StatusAsync("/health/ready") == 200);

        await load.AcceptMoreAsync(100);
        await load.StopAsync();
        report.WriteLine($"Answers: {load.Summary}.");
        Assert.Equal(0, load.Answers(0));
        await outcome.IsRightAsync(load);
    }

    [Fact]
    public async Task Ending_every_session_again_and_again_loses_nothing()
    {
        await using var outcome = new Outcome(server.ConnectionString);
        var load = Load.Start(web.Http, seed: 5, pauseMs: 5);
        for (var i = 0; i < 10; i++)
        {
            await load.AcceptMoreAsync(30);
            await outcome.ExecuteAsync(
                "select pg_terminate_backend(pid) from pg_stat_activity where usename = current_user and pid <> pg_backend_pid()");
        }
        await load.AcceptMoreAsync(100);
        await load.StopAsync();
        report.WriteLine($"Answers: {load.Summary}.");
        await outcome.IsRightAsync(load);
    }

    private static async Task<long> CommittedAsync(Outcome outcome) =>
        long.Parse(
            await outcome.TextAsync("select coalesce(sum(committed), 0) from stream_offsets where consumer_group = 'disaggregation'"),
            System.Globalization.CultureInfo.InvariantCulture);
}
