using App.Engines.Jobs;

namespace App.Tests.Engines.Jobs;

/// <summary>Lines take turns, whatever stands in them.</summary>
public sealed class JobTurnTests
{
    private const string Backlog = """
        insert into jobs (queue, kind, organization, state, priority, rank, max_attempts, args)
        select 'default', 'errand', 'big', 'queued', 0, 0, 3, '{"name":"big"}' from generate_series(1, 100000)
        """;

    [Theory]
    [InlineData(8, 2)]
    [InlineData(500, 1)]
    public async Task A_backlog_of_a_hundred_thousand_delays_ten_of_another_by_a_claim_or_two(int limit, int claims)
    {
        await using var bench = await JobBench.CreateAsync();
        await bench.ExecuteAsync(Backlog);
        var hand = await bench.HandAsync();
        Assert.Equal(limit, (await hand.ClaimAsync(limit)).Count);
        var ids =
            await bench.AddAsync([.. Enumerable.Range(0, 10).Select(n => JobBench.Errand($"small {n}") with { Organization = "small" })]);
        // Each claim shares what it takes between the two, so ten are taken with as many of the other.
        var taken = new List<long>();
        for (var claim = 0; claim < claims + (10 / (limit / 2)); claim++) taken.AddRange(await hand.ClaimIdsAsync(limit));
        Assert.Subset(taken.ToHashSet(), ids.ToHashSet());
    }

    [Fact]
    public async Task A_worker_with_one_place_takes_from_lines_in_turn()
    {
        await using var bench = await JobBench.CreateAsync();
        bench.Do = (_, _, _) => Task.FromResult(JobOutcome.Done());
        await bench.ExecuteAsync(Backlog.Replace("100000", "300", StringComparison.Ordinal));
        await bench.AddAsync([.. Enumerable.Range(0, 10).Select(n => JobBench.Errand("small") with { Organization = "small" })]);
        await bench.StartAsync(JobBench.Options with { Concurrency = 1, MostAhead = 0 });
        await bench.UntilAsync("select count(*) from job_done", "310");
        var last = bench.Began.Select((one, place) => (one.Name, place)).Last(one => one.Name == "small").place;
        Assert.InRange(last, 9, 21);
    }

    [Fact]
    public async Task Many_lines_that_have_nothing_for_a_worker_do_not_hide_the_one_that_has()
    {
        await using var bench = await JobBench.CreateAsync();
        await bench.ExecuteAsync("""
            insert into jobs (queue, kind, organization, state, priority, rank, max_attempts, args)
            select 'default', 'of a newer version', 'o' || n, 'queued', 0, 0, 3, '{}' from generate_series(1, 100) n
            """);
        var id = (await bench.AddAsync(JobBench.Errand("a") with { Organization = "o55" }))[0];
        var hand = await bench.HandAsync();
        Assert.Equal([id], await hand.ClaimIdsAsync());
        Assert.Empty(await hand.ClaimIdsAsync());
    }

    [Fact]
    public async Task A_hundred_lines_of_one_job_are_all_reached_by_claims_that_go_on_where_the_last_ended()
    {
        await using var bench = await JobBench.CreateAsync();
        var ids =
            await bench.AddAsync([.. Enumerable.Range(0, 100).Select(n => JobBench.Errand($"{n}") with { Organization = $"o{n:00}" })]);
        var hand = await bench.HandAsync();
        var (taken, after) = (new List<long>(), ("", ""));
        for (var claim = 0; claim < 4; claim++)
        {
            var claimed = await hand.ClaimAsync(50, after: after);
            taken.AddRange(claimed.Select(job => job.Id));
            after = ("default", claimed[^1].Organization);
        }
        Assert.Equal(ids, taken.Order());
    }

    [Fact]
    public async Task Of_a_paused_queue_nothing_is_claimed_and_what_runs_ends_as_ever()
    {
        await using var bench = await JobBench.CreateAsync();
        var ids = await bench.AddAsync(JobBench.Errand("a") with { Queue = "q" }, JobBench.Errand("b") with { Queue = "q" },
            JobBench.Errand("c") with { Queue = "r" });
        var hand = await bench.HandAsync();
        var first = await hand.ClaimAsync(1);
        Assert.Equal(ids[0], Assert.Single(first).Id);
        await bench.ExecuteAsync("insert into job_queues values ('q', clock_timestamp())");
        Assert.Equal([ids[2]], await hand.ClaimIdsAsync());
        Assert.Equal([ids[0]], await hand.EndAsync(JobOutcome.Retry("no", TimeSpan.Zero), first));
        Assert.Empty(await hand.ClaimIdsAsync());
        // Not even what a dead worker left.
        var dying = await bench.HandAsync();
        await bench.ExecuteAsync("update job_queues set paused_at = null");
        Assert.Equal([ids[0], ids[1]], await dying.ClaimIdsAsync());
        await bench.ExecuteAsync("update job_queues set paused_at = clock_timestamp()");
        await dying.DieAsync();
        Assert.Empty(await hand.ClaimIdsAsync());
        await bench.ExecuteAsync("update job_queues set paused_at = null");
        Assert.Equal([ids[0], ids[1]], await hand.ClaimIdsAsync());
    }
}
