using App.Tests.Fixtures;
using Xunit.Abstractions;

namespace App.Tests.Scenarios;

/// <summary>The database crashes, ends every session, or refuses logins while jobs are added and run.</summary>
public sealed class JobDatabaseFaultTests(ITestOutputHelper report) : IAsyncLifetime
{
    // Docs promise seconds; this is what a machine that is several times slower still keeps.
    private const double ResumeSeconds = 30;

    // A third of the lease, which a worker must not lose only because its machine is busy.
    private const int HeartbeatMs = 3000;
    private const double LeaseSeconds = 9;
    private readonly List<JobFaultWorker> workers = [];
    private TestDatabaseServer server = null!;
    private JobLedger ledger = null!;

    public async Task InitializeAsync()
    {
        server = await TestDatabaseServer.StartOwnAsync(durable: true);
        ledger = await JobLedger.CreateAsync(server.ConnectionString);
        for (var i = 0; i < 2; i++) workers.Add(JobFaultWorker.Start(server.ConnectionString, heartbeatMs: HeartbeatMs));
    }

    public async Task DisposeAsync()
    {
        foreach (var worker in workers) await worker.DisposeAsync();
        await ledger.DisposeAsync();
        await server.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_crash_of_the_database_loses_nothing_charges_nobody_and_work_resumes(bool longerThanLeases)
    {
        ledger.Begin(new Deed(5, 5));
        await ledger.EffectsAsync(100);
        if (longerThanLeases) server.Kill();
        else server.Crash();
        var gone = TimeProvider.System.GetTimestamp();
        await Poll.UntilAsync("an enqueue is refused", () => Task.FromResult(ledger.Refused > 0));
        if (longerThanLeases)
            await Poll.UntilAsync("leases are over",
                () => Task.FromResult(TimeProvider.System.GetElapsedTime(gone).TotalSeconds > LeaseSeconds + 0.5));

        await server.StartAgainAsync();
        var back = TimeProvider.System.GetTimestamp();
        await ledger.EffectsAsync(1);
        var resumed = TimeProvider.System.GetElapsedTime(back).TotalSeconds;
        report.WriteLine(
            $"The database was away for {TimeProvider.System.GetElapsedTime(gone, back).TotalSeconds:F1} s, jobs ran again after "
            + $"{resumed:F1} s; {ledger.Refused} enqueues were refused.");
        Assert.InRange(resumed, 0, ResumeSeconds);
        await ledger.EffectsAsync(100);
        await ledger.StopAsync();
        Assert.Equal(0, await ledger.IsRightAsync());
        Assert.Equal("0", await ledger.Look.TextAsync("select count(*) from job_done where errors::text like '%Its worker%'"));
        Assert.All(workers, worker => Assert.False(worker.HasExited));
    }

    [Fact]
    public async Task A_login_that_is_refused_for_a_while_loses_nothing_makes_no_job_dead_and_work_resumes()
    {
        ledger.Begin(new Deed(5, 5));
        await ledger.EffectsAsync(100);
        await server.AdministerAsync("alter role tandem nologin", TestDatabaseServer.EndSessions);
        await Poll.UntilAsync("an enqueue is refused", () => Task.FromResult(ledger.Refused > 0));
        foreach (var worker in workers)
            await worker.WroteAsync("Listening for notifications (polling goes on) failed and is tried again until it succeeds: 28000");
        foreach (var worker in workers)
            await worker.WroteAsync("The heartbeat of the job worker failed and is tried again until it succeeds: 28000");

        await server.AdministerAsync("alter role tandem login");
        var mended = TimeProvider.System.GetTimestamp();
        await ledger.EffectsAsync(1);
        var resumed = TimeProvider.System.GetElapsedTime(mended).TotalSeconds;
        report.WriteLine($"Jobs ran again {resumed:F1} s after the database let the workers in; {ledger.Refused} enqueues were refused.");
        Assert.InRange(resumed, 0, ResumeSeconds);
        await ledger.EffectsAsync(100);
        await ledger.StopAsync();
        Assert.Equal(0, await ledger.IsRightAsync());
        Assert.All(workers, worker => Assert.False(worker.HasExited));
    }

    [Fact]
    public async Task Ending_every_session_again_and_again_loses_no_job_and_repeats_no_effect()
    {
        ledger.Begin(new Deed(5, 5));
        for (var i = 0; i < TestScale.Of(6, 36); i++)
        {
            await ledger.EffectsAsync(40);
            var began = TimeProvider.System.GetTimestamp();
            await Poll.UntilAsync("it is time",
                () => Task.FromResult(TimeProvider.System.GetElapsedTime(began).TotalSeconds > TestScale.Of(1, 5)));
            await ledger.Look.ExecuteAsync(
                "select pg_terminate_backend(pid) from pg_stat_activity where usename = current_user and pid <> pg_backend_pid()");
        }
        await ledger.EffectsAsync(40);
        await ledger.StopAsync();
        await ledger.IsRightAsync();
        var repeated = await ledger.Look.TextAsync("select count(*) - count(distinct job) from starts");
        report.WriteLine(
            $"{await ledger.CountAsync("job_done")} jobs; {ledger.Refused} enqueues were refused, {repeated} attempts repeated.");
        Assert.All(workers, worker => Assert.False(worker.HasExited));
    }
}
