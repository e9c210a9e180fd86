using App.Tests.Engines.Background;
using App.Tests.Fixtures;
using Xunit.Abstractions;

namespace App.Tests.Scenarios;

/// <summary>
/// Workers of background jobs are killed, put to sleep and drained, and their database is lost: what is committed with
/// its end happens once, nobody writes for a job that is another's, and every job ends.
/// </summary>
public sealed class BackgroundFaultTests(ITestOutputHelper report) : IAsyncLifetime
{
    private readonly List<BackgroundWorker> workers = [];
    private TestDatabase database = null!;
    private BackgroundMember client = null!;

    public async Task InitializeAsync()
    {
        database = await TestDatabase.CreateAsync();
        client = await BackgroundMember.StartAsync(database.ConnectionString, worker: false);
        await client.ExecuteAsync(TestJobs.Tables);
    }

    public async Task DisposeAsync()
    {
        foreach (var worker in workers) await worker.DisposeAsync();
        await client.DisposeAsync();
        await database.DisposeAsync();
    }

    [Fact]
    public async Task Kills_lose_no_job_repeat_nothing_that_ends_with_its_effect_and_every_orphan_soon_runs_again()
    {
        var (kills, jobs) = (TestScale.Of(3, 50), TestScale.Of(60, 2000));
        var random = new Random(50);
        for (var i = 0; i < 3; i++) await StartAsync();
        var killed = new List<string>();
        var each = jobs / kills;
        for (var kill = 0; kill < kills; kill++)
        {
            for (var i = 0; i < each; i++)
                if (i % 2 == 0) client.Jobs.Enqueue<OnceJob>(job => job.RunAsync(random.Next(50, 300), CancellationToken.None));
                else client.Jobs.Enqueue<AgainJob>(job => job.RunAsync(random.Next(50, 300), CancellationToken.None));
            var victim = workers[random.Next(workers.Count)];
            await Poll.UntilAsync("it has a job in hand", async () => await client.TextAsync($"""
                select exists (select from traces t join hangfire.job j on j.id = t.job where t.pid = {victim.Id} and t.what = 'begun'
                    and j.statename = 'Processing')
                """) == "True", whatElse: () => victim.Output);
            killed.Add($"({victim.Id}, '{await client.TextAsync("select clock_timestamp()::text")}'::timestamptz)");
            victim.Kill();
            await victim.ExitAsync();
            workers.Remove(victim);
            await StartAsync();
        }
        await EndedAsync();
        Assert.Equal($"{each * kills} Succeeded",
            await client.TextAsync("select count(*) || ' ' || string_agg(distinct statename, ',') from hangfire.job"));
        Assert.Equal("0",
            await client.TextAsync("select count(*) from (select from traces where what = 'once' group by job having count(*) > 1) twice"));
        Assert.Equal($"{(each + 1) / 2 * kills}", await client.TextAsync("select count(*) from traces where what = 'once'"));
        // An orphan was begun by a process that died before its effect; it begins again elsewhere.
        var orphans = await client.TextAsync($"""
            with killed (pid, at) as (values {string.Join(", ", killed)}),
            orphans as (select t.job, k.at, (select min(a.at) from traces a where a.job = t.job and a.what = 'begun'
                and a.at > k.at) as again
                from traces t join killed k using (pid) where t.what = 'begun'
                    and not exists (select from traces e where e.job = t.job and e.pid = t.pid and e.what <> 'begun' and e.at >= t.at))
            select count(*) || ' orphans, running again after ' || coalesce(round(percentile_cont(0.5) within
                group (order by extract(epoch from again - at))::numeric, 1)::text, '?') || ' s p50, '
                || coalesce(round(max(extract(epoch from again - at))::numeric, 1)::text, '?') || ' s at most' from orphans
                    where again is not null
            """);
        report.WriteLine($"{each * kills} jobs, {kills} workers killed: {orphans}.");
    }

    [Fact]
    public async Task A_worker_that_sleeps_past_its_time_writes_nothing_ends_nothing_and_cancels_nobody()
    {
        const int Jobs = 8;
        var sleeper = await StartAsync(workers: Jobs);
        for (var i = 0; i < Jobs; i++) client.Jobs.Enqueue<DeafJob>(job => job.RunAsync("written", CancellationToken.None));
        await CountAsync("begun", Jobs);
        sleeper.Signal(ChildProcess.Stop);
        var asleep = TimeProvider.System.GetTimestamp();
        var other = await StartAsync(workers: Jobs);
        await CountAsync("begun", 2 * Jobs);
        await Poll.UntilAsync("it has slept enough",
            () => Task.FromResult(TimeProvider.System.GetElapsedTime(asleep).TotalSeconds > TestScale.Of(0, 60)));
        // It wakes while the others are at work, and all go on together.
        sleeper.Signal(ChildProcess.Continue);
        await client.ExecuteAsync("insert into opened default values");
        await CountAsync("refused", Jobs);
        await EndedAsync();
        await CountAsync("done", Jobs);
        Assert.Equal($"{other.Id} {Jobs}",
            await client.TextAsync("select string_agg(distinct pid::text, ',') || ' ' || count(*) from traces where what = 'written'"));
        Assert.Equal($"{sleeper.Id} {Jobs}",
            await client.TextAsync("select string_agg(distinct pid::text, ',') || ' ' || count(*) from traces where what = 'refused'"));
        Assert.Equal("0", await client.TextAsync("select count(*) from traces where what = 'cancelled'"));
        // One state "Succeeded" each: the late end was dropped.
        Assert.Equal($"{Jobs}", await client.TextAsync("select count(*) from hangfire.state where name = 'Succeeded'"));
        report.WriteLine($"It slept for {TimeProvider.System.GetElapsedTime(asleep).TotalSeconds:F0} s; {Jobs} refused.");
    }

    [Fact]
    public async Task A_drain_queues_again_what_listens_and_waits_no_longer_than_it_may_for_what_does_not()
    {
        var drain = TestScale.Of(10, 30);
        var leaving = await StartAsync(drainSeconds: drain);
        var listening = client.Jobs.Enqueue<ListeningJob>(job => job.RunAsync(CancellationToken.None));
        var deaf = client.Jobs.Enqueue<DeafJob>(job => job.RunAsync("written", CancellationToken.None));
        await CountAsync("begun", 2);
        var began = TimeProvider.System.GetTimestamp();
        leaving.Signal(ChildProcess.Terminate);
        Assert.Equal(0, await leaving.ExitAsync());
        var took = TimeProvider.System.GetElapsedTime(began).TotalSeconds;
        // Free for anybody at once.
        Assert.Equal("True", await client.TextAsync($"select fetchedat is null from hangfire.jobqueue where jobid = {listening}"));
        await client.ExecuteAsync("insert into opened default values");
        var other = await StartAsync();
        await Poll.UntilAsync("both run elsewhere",
            async () => await client.TextAsync($"select count(distinct job) from traces where pid = {other.Id} and what = 'begun'") == "2");
        await Poll.UntilAsync("the deaf one is done", async () => await client.StateAsync(deaf) == "Succeeded");
        Assert.Equal("1", await client.TextAsync("select count(*) from traces where what = 'written'"));
        report.WriteLine($"Exit after {took:F1} s of {drain}.");
    }

    private async Task<BackgroundWorker> StartAsync(int workers = 8, int drainSeconds = 30)
    {
        var worker = BackgroundWorker.Start(database.ConnectionString, null, workers, drainSeconds);
        this.workers.Add(worker);
        await worker.StartedAsync();
        return worker;
    }

    private Task CountAsync(string what, int count) =>
        Poll.UntilAsync($"{count} are {what}",
            async () => await client.TextAsync($"select count(*) from traces where what = '{what}'") == $"{count}",
        whatElse: () => string.Join("\n", workers.Select(worker => worker.Output)));

    private Task EndedAsync() =>
        Poll.UntilAsync("all have ended",
            async () =>
                await client.TextAsync(
                    "select count(*) from hangfire.job where statename not in ('Succeeded', 'Failed', 'Deleted')") == "0",
        whatElse: () => string.Join("\n", workers.Select(worker => worker.Output)));
}
