using App.Tests.Fixtures;
using Xunit.Abstractions;

namespace App.Tests.Scenarios;

/// <summary>Workers are killed, put to sleep, and poisoned: what was accepted is done, and what is in the database once.</summary>
public sealed class JobCrashTests(ITestOutputHelper report) : IAsyncLifetime
{
    // A lease of fifteen seconds and a tick, on a machine that is several times slower.
    private const double OrphanSeconds = 60;
    private readonly List<JobFaultWorker> workers = [];
    private TestDatabase database = null!;
    private JobLedger ledger = null!;

    public async Task InitializeAsync()
    {
        database = await TestDatabase.CreateAsync();
        ledger = await JobLedger.CreateAsync(database.ConnectionString);
    }

    public async Task DisposeAsync()
    {
        foreach (var worker in workers) await worker.DisposeAsync();
        await ledger.DisposeAsync();
        await database.DisposeAsync();
    }

    [Fact]
    public async Task Kills_without_end_lose_no_job_repeat_no_effect_and_every_orphan_soon_runs_again()
    {
        const int Each = 100;
        var kills = TestScale.Of(10, 200);
        var random = new Random(200);
        for (var i = 0; i < 3; i++) StartWorker();
        for (var kill = 0; kill < kills; kill++)
        {
            var victim = workers[random.Next(3)];
            await victim.WroteAsync("Registered as job worker");
            await ledger.AddAsync(Each, new Deed(40, 10));
            await ledger.HoldsAsync(victim, Each, new Deed(random.Next(80), random.Next(80)));
            await ledger.KillAsync(victim);
            await victim.DisposeAsync();
            workers.Remove(victim);
            StartWorker();
        }
        var unlucky = await ledger.IsRightAsync();
        var (orphans, slowest) = (await ledger.CountAsync("orphans"), await ledger.SlowestOrphanAsync());
        report.WriteLine(
            $"{await ledger.CountAsync("job_done")} jobs, {kills} workers killed: {orphans} orphans, "
            + $"the last running again after {slowest:F1} s; {unlucky} had lost three workers and were redriven.");
        Assert.NotEqual(0, orphans);
        Assert.InRange(slowest, 0, OrphanSeconds);
    }

    [Fact]
    public async Task A_worker_that_sleeps_past_its_lease_commits_nothing_under_it_when_it_wakes()
    {
        const int Each = 4;
        var sleeper = StartWorker(heartbeatMs: 2000);
        var before = await ledger.AddAsync(Each, new Deed(0, 0, GateBefore: true), JobFaultKinds.Once);
        var within = await ledger.AddAsync(Each, new Deed(0, 0, GateWithin: true), JobFaultKinds.Once);
        await Poll.UntilAsync("it has begun them all", async () => await ledger.CountAsync("starts") == 2 * Each);
        await Poll.UntilAsync("half of them have written what is not committed", async () => await ledger.Look.TextAsync(
            "select count(*) from pg_locks where relation = 'effects'::regclass and mode = 'RowExclusiveLock' and granted") == $"{Each}");
        sleeper.Signal(ChildProcess.Stop);
        var asleep = TimeProvider.System.GetTimestamp();
        await ledger.Look.ExecuteAsync("insert into opened default values");
        var other = StartWorker(heartbeatMs: 2000);
        await ledger.EndedAsync();
        await Poll.UntilAsync("it has slept enough",
            () => Task.FromResult(TimeProvider.System.GetElapsedTime(asleep).TotalSeconds > TestScale.Of(0, 60)));
        report.WriteLine($"It slept for {TimeProvider.System.GetElapsedTime(asleep).TotalSeconds:F1} s.");
        const string Done =
            "select string_agg(concat_ws(' ', e.job, e.pid, d.worker, d.attempt), ', ' order by e.job) from effects e "
            + "join job_done d on d.id = e.job";
        var done = await ledger.Look.TextAsync(Done);

        sleeper.Signal(ChildProcess.Continue);
        await sleeper.WroteAsync("Lost the lease of job worker");
        foreach (var job in before) await sleeper.WroteAsync($"Refused job {job}.");
        foreach (var job in within) await sleeper.WroteAsync($"Refused job {job}.");
        Assert.Equal(done, await ledger.Look.TextAsync(Done));
        Assert.Equal($"{other.Id}", await ledger.Look.TextAsync("select string_agg(distinct pid::text, ',') from effects"));

        // It goes on as a worker like any other.
        other.Signal(ChildProcess.Terminate);
        Assert.Equal(0, await other.ExitAsync());
        await ledger.AddAsync(Each, new Deed(0, 0));
        await ledger.IsRightAsync();
        Assert.Equal("True", await ledger.Look.TextAsync($"select count(*) >= {Each} from effects where pid = {sleeper.Id}"));
    }

    [Fact]
    public async Task A_job_that_ends_its_worker_is_set_aside_at_the_third_and_its_neighbours_all_run()
    {
        var worker = StartWorker(heartbeatMs: 1500);
        var poison = (await ledger.AddAsync(1, new Deed(0, 0), JobFaultKinds.Poison))[0];
        await ledger.AddAsync(100, new Deed(10, 0));
        for (var crash = 1; crash <= 3; crash++)
        {
            Assert.NotEqual(0, await worker.ExitAsync());
            worker = StartWorker(heartbeatMs: 1500);
        }
        await ledger.IsRightAsync(poison: poison);
        Assert.Equal("dead 3", await ledger.Look.TextAsync($"select state || ' ' || crashes from jobs where id = {poison}"));
        Assert.Equal("3", await ledger.Look.TextAsync($"select count(*) from starts where job = {poison}"));
        Assert.False(worker.HasExited);
    }

    private JobFaultWorker StartWorker(int heartbeatMs = 5000)
    {
        var worker = JobFaultWorker.Start(database.ConnectionString, heartbeatMs: heartbeatMs);
        workers.Add(worker);
        return worker;
    }
}
