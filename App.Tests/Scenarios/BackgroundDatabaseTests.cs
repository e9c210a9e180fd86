using App.Tests.Engines.Background;
using App.Tests.Fixtures;
using Xunit.Abstractions;

namespace App.Tests.Scenarios;

/// <summary>Background jobs over a database that is killed and comes back, and behind a pooler with few sessions.</summary>
public sealed class BackgroundDatabaseTests(ITestOutputHelper report)
{
    // Docs promise seconds; this is what a machine that is several times slower still keeps.
    private const double ResumeSeconds = 60;

    [Fact]
    public async Task The_database_is_killed_and_comes_back_and_jobs_go_on_and_end_once()
    {
        await using var server = await TestDatabaseServer.StartOwnAsync(durable: true);
        await using var client = await BackgroundMember.StartAsync(server.ConnectionString, worker: false);
        await client.ExecuteAsync(TestJobs.Tables);
        await using var worker = BackgroundWorker.Start(server.ConnectionString);
        await worker.StartedAsync();
        for (var i = 0; i < 20; i++) client.Jobs.Enqueue<OnceJob>(job => job.RunAsync(300, CancellationToken.None));
        await Poll.UntilAsync("some are begun", async () => await client.TextAsync("select count(*) >= 3 from traces") == "True",
            whatElse: () => worker.Output);
        server.Kill();
        await server.StartAgainAsync();
        var back = TimeProvider.System.GetTimestamp();
        await Poll.UntilAsync("the database answers", async () => await AnswersAsync(client));
        var before = await client.TextAsync("select clock_timestamp()::text");
        await Poll.UntilAsync("a job is begun again",
            async () => await client.TextAsync($"select exists (select from traces where at > '{before}')") == "True",
            whatElse: () => worker.Output);
        var resumed = TimeProvider.System.GetElapsedTime(back).TotalSeconds;
        await Poll.UntilAsync("all have succeeded",
            async () => await client.TextAsync("select count(*) from hangfire.job where statename = 'Succeeded'") == "20",
            whatElse: () => worker.Output);
        Assert.Equal("20 20", await client.TextAsync("select count(*) || ' ' || count(distinct job) from traces where what = 'once'"));
        Assert.InRange(resumed, 0, ResumeSeconds);
        report.WriteLine($"Work was resumed {resumed:F1} s after the database was back.");
    }

    [PgBouncerFact]
    public async Task Behind_a_pooler_in_transaction_mode_with_six_sessions_everything_works()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var pooler = await PgBouncer.StartAsync(database.ConnectionString, sessions: 6);
        await using var client = await BackgroundMember.StartAsync(pooler.ConnectionString, database.ConnectionString, worker: false);
        await client.ExecuteAsync(TestJobs.Tables);
        await using var worker = BackgroundWorker.Start(pooler.ConnectionString, database.ConnectionString);
        await using var other = BackgroundWorker.Start(pooler.ConnectionString, database.ConnectionString);
        await worker.StartedAsync();
        await other.StartedAsync();
        var jobs = TestScale.Of(30, 300);
        for (var i = 0; i < jobs; i++) client.Jobs.Enqueue<OnceJob>(job => job.RunAsync(10, CancellationToken.None));
        var failing = client.Jobs.Enqueue<FailingJob>(job => job.RunAsync(CancellationToken.None));
        await Poll.UntilAsync("all have ended",
            async () => await client.TextAsync("select count(*) from hangfire.job where statename not in ('Succeeded', 'Failed')") == "0",
            whatElse: () => worker.Output + other.Output);
        Assert.Equal($"{jobs} {jobs}",
            await client.TextAsync("select count(*) || ' ' || count(distinct job) from traces where what = 'once'"));
        Assert.Equal("Failed", await client.StateAsync(failing));
        Assert.Equal("3", await client.TextAsync($"select count(*) from traces where job = {failing}"));
    }

    private static async Task<bool> AnswersAsync(BackgroundMember client)
    {
        try
        {
            await client.TextAsync("select 1");
            return true;
        }
        catch (Exception e) when (App.Platform.Database.TransientFault.Is(e))
        {
            return false;
        }
    }
}
