using App.Tests.Fixtures;
using Xunit.Abstractions;

namespace App.Tests.Scenarios;

/// <summary>Workers are killed and paused; nothing accepted is lost, nothing has its effect twice.</summary>
public sealed class WorkerFaultTests(ITestOutputHelper report) : IAsyncLifetime
{
    // A lease of six seconds and a tick, on a machine that is several times slower.
    private const double TakeoverSeconds = 30;
    private readonly List<AppProcess> workers = [];
    private TestDatabase database = null!;
    private Outcome outcome = null!;
    private AppProcess web = null!;

    public async Task InitializeAsync()
    {
        database = await TestDatabase.CreateAsync();
        outcome = new Outcome(database.ConnectionString);
        await outcome.AuditAsync();
        web = await AppProcess.StartReadyAsync(database.Url, worker: false);
    }

    public async Task DisposeAsync()
    {
        foreach (var worker in workers) await worker.DisposeAsync();
        await web.DisposeAsync();
        await outcome.DisposeAsync();
        await database.DisposeAsync();
    }

    [Fact]
    public async Task Three_workers_share_the_shards_and_those_of_one_that_is_killed_are_taken_over()
    {
        await StartWorkersAsync(3);
        await outcome.OwnedByAsync([.. workers.Select(worker => worker.Name)]);
        var load = Load.Start(web.Http);
        await load.AcceptMoreAsync(200);

        var killedAt = await outcome.NowAsync();
        workers[0].Kill();
        var takenAt = await outcome.OwnedByAsync(workers[1].Name, workers[2].Name);
        report.WriteLine($"Taken over {(takenAt - killedAt).TotalSeconds:F1} s after kill -9.");
        Assert.InRange((takenAt - killedAt).TotalSeconds, 0, TakeoverSeconds);
        await load.StopAsync();
        await outcome.IsRightAsync(load);
    }

    [Fact]
    public async Task Twenty_kills_lose_nothing()
    {
        await StartWorkersAsync(3);
        var load = Load.Start(web.Http, seed: 2);
        var random = new Random(20);
        for (var kill = 0; kill < 20; kill++)
        {
            await load.AcceptMoreAsync(random.Next(20, 200));
            var victim = random.Next(workers.Count);
            workers[victim].Kill();
            await workers[victim].DisposeAsync();
            workers[victim] = AppProcess.Start(database.Url, worker: true);
        }
        await load.StopAsync();
        report.WriteLine($"Answers while 20 workers were killed: {load.Summary}.");
        Assert.Equal(0, load.Answers(503));
        await outcome.IsRightAsync(load);
        Assert.Equal("0", await EpochsThatWentBackAsync());
    }

    [Fact]
    public async Task A_paused_owner_commits_nothing_after_its_lease()
    {
        await StartWorkersAsync(2);
        await outcome.OwnedByAsync([.. workers.Select(worker => worker.Name)]);
        var load = Load.Start(web.Http, seed: 3);
        await load.AcceptMoreAsync(200);

        var (paused, other) = (workers[0], workers[1]);
        var pausedAt = await outcome.NowAsync();
        paused.Signal(AppProcess.Stop);
        var takenAt = await outcome.OwnedByAsync(other.Name);
        report.WriteLine($"Taken over {(takenAt - pausedAt).TotalSeconds:F1} s after SIGSTOP.");
        Assert.InRange((takenAt - pausedAt).TotalSeconds, 0, TakeoverSeconds);
        await load.AcceptMoreAsync(100);
        var last = await outcome.TextAsync($"select coalesce(max(n), 0) from commit_log where owner = '{paused.Name}'");
        var epoch = await outcome.TextAsync("select sum(epoch)::bigint from stream_offsets where consumer_group = 'disaggregation'");

        paused.Signal(AppProcess.Continue);
        await outcome.OwnedByAsync(paused.Name, other.Name);
        await load.AcceptMoreAsync(100);
        await load.StopAsync();
        await outcome.IsRightAsync(load);
        Assert.Equal("0", await EpochsThatWentBackAsync());
        Assert.Equal("0",
            await outcome.TextAsync(
                $"select count(*) from commit_log l where owner = '{paused.Name}' and n > {last} and consumer_group = 'disaggregation' "
                + "and epoch < (select max(epoch) from commit_log b where b.shard = l.shard and b.consumer_group = l.consumer_group "
                + "and b.n < l.n)"));
        Assert.NotEqual(epoch,
            await outcome.TextAsync("select sum(epoch)::bigint from stream_offsets where consumer_group = 'disaggregation'"));
    }

    private async Task StartWorkersAsync(int count)
    {
        for (var i = 0; i < count; i++) workers.Add(AppProcess.Start(database.Url, worker: true));
        foreach (var worker in workers) await worker.ReadyAsync();
    }

    // Commits of a shard, in order, never name a lower epoch than the one before.
    private Task<string> EpochsThatWentBackAsync() => outcome.TextAsync("""
        select count(*) from (select epoch, lag(epoch) over (partition by consumer_group, shard order by n) as before from commit_log) c
            where epoch < before
        """);
}
