using App.Engines.Jobs;

namespace App.Tests.Engines.Jobs;

/// <summary>Limits that jobs share: so many at once, so many starts in a span.</summary>
public sealed class JobLimitTests
{
    private static NewJob Of(string name, params JobLimit[] limits) => JobBench.Errand(name) with { Limits = limits };

    [Fact]
    public async Task No_more_run_at_once_than_the_limit_says_and_each_end_lets_one_in()
    {
        await using var bench = await JobBench.CreateAsync();
        var two = JobLimit.AtOnce("building:7", 2);
        var ids = await bench.AddAsync([.. Enumerable.Range(0, 5).Select(n => Of($"j{n}", two)), JobBench.Errand("free")]);
        var hand = await bench.HandAsync();
        var first = await hand.ClaimAsync();
        Assert.Equal([ids[0], ids[1], ids[5]], first.Select(job => job.Id));
        Assert.Empty(await hand.ClaimAsync());
        await hand.EndAsync(JobOutcome.Done(), first[0]);
        var third = await hand.ClaimAsync();
        Assert.Equal(ids[2], Assert.Single(third).Id);
        await hand.EndAsync(JobOutcome.Retry("no", TimeSpan.FromHours(1)), first[1]);
        await hand.EndAsync(JobOutcome.Snooze(TimeSpan.FromHours(1)), third);
        Assert.Equal([ids[3], ids[4]], await hand.ClaimIdsAsync());
        Assert.Equal("2", await bench.TextAsync("select count(*) from job_holds"));
    }

    [Fact]
    public async Task A_dead_worker_holds_no_place()
    {
        await using var bench = await JobBench.CreateAsync();
        var ids = await bench.AddAsync(Of("a", JobLimit.AtOnce("k", 1)), Of("b", JobLimit.AtOnce("k", 1)));
        var hand = await bench.HandAsync();
        Assert.Equal([ids[0]], await hand.ClaimIdsAsync());
        Assert.Empty(await hand.ClaimAsync());
        await hand.DieAsync();
        var next = await bench.HandAsync();
        Assert.Equal([ids[0]], await next.ClaimIdsAsync());
    }

    [Fact]
    public async Task A_late_end_of_an_attempt_gives_back_nothing_of_the_attempt_after_it()
    {
        await using var bench = await JobBench.CreateAsync();
        await bench.AddAsync(Of("a", JobLimit.AtOnce("k", 1)));
        var hand = await bench.HandAsync();
        var first = await hand.ClaimAsync();
        await hand.EndAsync(JobOutcome.Retry("no", TimeSpan.Zero), first);
        Assert.Single(await (await bench.HandAsync()).ClaimAsync());
        // The answer to the first end was lost, and it is written again.
        Assert.Empty(await hand.EndAsync(JobOutcome.Retry("no", TimeSpan.Zero), first));
        Assert.Equal("1", await bench.TextAsync("select count(*) from job_holds"));
    }

    [Fact]
    public async Task A_job_under_two_limits_that_was_woken_in_vain_wakes_another_in_its_place()
    {
        await using var bench = await JobBench.CreateAsync();
        var (k, l) = (JobLimit.AtOnce("k", 2), JobLimit.AtOnce("l", 1));
        var ids = await bench.AddAsync(Of("k", k), Of("k too", k), Of("l", l), Of("both", k, l), Of("k at last", k));
        var hand = await bench.HandAsync();
        var holders = await hand.ClaimAsync();
        Assert.Equal(ids[..3], holders.Select(job => job.Id));
        Assert.Empty(await hand.ClaimAsync());
        await hand.EndAsync(JobOutcome.Done(), holders[0]);
        // "both" is woken for k and meets l; the place under k is for the last then.
        var last = await hand.ClaimAsync();
        Assert.Equal(ids[4], Assert.Single(last).Id);
        await hand.EndAsync(JobOutcome.Done(), [holders[1], last[0]]);
        Assert.Empty(await hand.ClaimAsync());
        await hand.EndAsync(JobOutcome.Done(), holders[2]);
        Assert.Equal([ids[3]], await hand.ClaimIdsAsync());
    }

    [Fact]
    public async Task Jobs_under_two_limits_all_run_and_never_too_many()
    {
        await using var bench = await JobBench.CreateAsync();
        var (atOnce, most) = (new int[3], new int[3]);
        bench.Do = async (errand, _, _) =>
        {
            var keys = errand.Name.Split('-').Select(int.Parse).ToList();
            foreach (var key in keys) most[key] = Math.Max(most[key], Interlocked.Increment(ref atOnce[key]));
            await Task.Yield();
            foreach (var key in keys) Interlocked.Decrement(ref atOnce[key]);
            return JobOutcome.Done();
        };
        var limits = new[] { JobLimit.AtOnce("k0", 1), JobLimit.AtOnce("k1", 2), JobLimit.AtOnce("k2", 3) };
        await bench.AddAsync([.. Enumerable.Range(0, 240)
            .Select(n => (n % 3, (n + 1 + (n / 3 % 2)) % 3)).Select(k => Of($"{k.Item1}-{k.Item2}", limits[k.Item1], limits[k.Item2]))]);
        for (var n = 0; n < 3; n++) await bench.StartAsync();
        await bench.UntilAsync("select count(*) from job_done", "240");
        Assert.Equal("0", await bench.TextAsync("select count(*) from job_holds"));
        Assert.True(most[0] <= 1 && most[1] <= 2 && most[2] <= 3, string.Join(' ', most));
    }

    [Fact]
    public async Task Starts_under_a_rate_are_spaced_by_the_databases_clock()
    {
        await using var bench = await JobBench.CreateAsync();
        await bench.AddAsync([.. Enumerable.Range(0, 6).Select(n => Of($"j{n}", JobLimit.Starts("pair", 4, TimeSpan.FromSeconds(1))))]);
        for (var n = 0; n < 2; n++) await bench.StartAsync();
        await bench.UntilAsync("select count(*) from job_done", "6");
        Assert.Equal("True",
            await bench.TextAsync(
                "select min(gap) >= interval '0.25 s' from (select started_at - lag(started_at) over (order by started_at) as gap "
                + "from job_done) g"));
    }

    [Fact]
    public async Task Starts_that_nobody_could_make_in_time_do_not_come_all_at_once()
    {
        await using var bench = await JobBench.CreateAsync();
        await bench.AddAsync([.. Enumerable.Range(0, 6).Select(n => Of($"j{n}", JobLimit.Starts("pair", 1, TimeSpan.FromMinutes(1))))]);
        var hand = await bench.HandAsync();
        Assert.Single(await hand.ClaimAsync());
        // Everything is down for an hour.
        await bench.ExecuteAsync("update jobs set run_at = run_at - interval '1 hour' where state = 'scheduled'");
        await bench.ExecuteAsync("update job_rates set next_at = next_at - interval '1 hour', free_at = free_at - interval '1 hour'");
        await bench.ExecuteAsync("select jobs_stage(100)");
        Assert.Single(await hand.ClaimAsync());
        Assert.Equal("4 t", await bench.TextAsync("""
            select concat_ws(' ', count(*), min(gap) >= interval '1 minute') from
            (select run_at - lag(run_at, 1, (select max(started_at) from jobs)) over (order by run_at) as gap from jobs
                where state = 'scheduled') g
            """));
    }

    [Fact]
    public async Task A_fine_rate_is_kept_on_the_whole_although_jobs_come_due_in_ticks()
    {
        await using var bench = await JobBench.CreateAsync();
        await bench.AddAsync([.. Enumerable.Range(0, 100)
            .Select(n => Of($"j{n}", JobLimit.Starts("number", 80, TimeSpan.FromSeconds(1))))]);
        await bench.StartAsync();
        await bench.UntilAsync("select count(*) from job_done", "100");
        // In no half second more than its share and what a fifth of a second may bunch up.
        Assert.Equal("True", await bench.TextAsync("""
            select max(n) <= 40 + 16 + 1
                from (select count(*) over (order by started_at range between current row and interval '0.5 s' following) as n
                    from job_done) w
            """));
    }

    [Fact]
    public async Task Many_limited_jobs_do_not_hold_up_a_free_one_behind_them()
    {
        await using var bench = await JobBench.CreateAsync();
        await bench.AddAsync([.. Enumerable.Range(0, 500).Select(n => Of($"j{n}", JobLimit.AtOnce("k", 1))), JobBench.Errand("free")]);
        var hand = await bench.HandAsync();
        Assert.Single(await hand.ClaimAsync(10));
        // Nothing is notified and nobody polls: a claim that answers none has seen that there is none.
        var claimed = await hand.ClaimAsync(10);
        Assert.Equal("""{"name":"free"}""", Assert.Single(claimed).Args);
    }
}
