using App.Engines.Jobs;
using App.Platform.Configuration;
using App.Tests.Fixtures;

namespace App.Tests.Engines.Jobs;

/// <summary>Queues with places of their own, and the batches of an order that such a pool takes.</summary>
public sealed class JobPoolTests
{
    private static readonly JobPool Calls = new("calls", 1) { Together = 10, Poll = TimeSpan.FromMilliseconds(20) };

    private static NewJob Call(string name, string? order = null) => JobBench.Errand(name) with { Queue = "calls", OrderKey = order };

    [Fact]
    public async Task Neither_takes_the_places_of_the_other()
    {
        await using var bench = await JobBench.CreateAsync();
        var released = new TaskCompletionSource<JobOutcome>();
        bench.Do = (errand, _, ct) =>
            errand.Name.StartsWith("block", StringComparison.Ordinal) ? released.Task.WaitAsync(ct) : Task.FromResult(JobOutcome.Done());
        await bench.StartAsync(JobBench.Options with { Concurrency = 1 }, null, Calls);
        var main = await bench.AddAsync(JobBench.Errand("block"), JobBench.Errand("behind"));
        await bench.UntilAsync(main[0], "running 1");
        // All places of the others are taken: the pool has its own.
        await bench.UntilAsync((await bench.AddAsync(Call("call")))[0], "done 1");

        var calls = await bench.AddAsync(Call("block call"), Call("call behind"));
        await bench.UntilAsync(calls[0], "running 1");
        released.SetResult(JobOutcome.Done());
        await bench.UntilAsync(main[1], "done 1");
        await bench.UntilAsync(calls[1], "done 1");
    }

    [Fact]
    public async Task A_queue_with_a_pool_is_not_run_where_the_pool_is_full_although_there_is_room()
    {
        await using var bench = await JobBench.CreateAsync();
        var released = new TaskCompletionSource<JobOutcome>();
        bench.Do = (errand, _, ct) => errand.Name == "block" ? released.Task.WaitAsync(ct) : Task.FromResult(JobOutcome.Done());
        await bench.StartAsync(JobBench.Options, null, Calls);
        var calls = await bench.AddAsync(Call("block"), Call("waits"));
        await Poll.UntilAsync("the first has begun", () => Task.FromResult(!bench.Began.IsEmpty));
        // Later than both, and run before them.
        await bench.UntilAsync((await bench.AddAsync(JobBench.Errand("other")))[0], "done 1");
        Assert.Equal(["block", "other"], bench.Began.Select(one => one.Name));
        released.SetResult(JobOutcome.Done());
        await bench.UntilAsync(calls[1], "done 1");
    }

    [Fact]
    public async Task An_order_is_claimed_as_a_batch_of_which_one_runs_at_a_time()
    {
        await using var bench = await JobBench.CreateAsync();
        var released = new TaskCompletionSource<JobOutcome>();
        bench.Do = (errand, _, ct) => errand.Name == "a" ? released.Task.WaitAsync(ct) : Task.FromResult(JobOutcome.Done());
        var ids = await bench.AddAsync(Call("a", "house"), Call("b", "house"), Call("c", "house"));
        await bench.StartAsync(JobBench.Options, null, Calls with { Concurrency = 4 });
        await bench.UntilAsync("select count(*) from jobs where state = 'running'", "3");
        await Poll.UntilAsync("the first has begun", () => Task.FromResult(!bench.Began.IsEmpty));
        Assert.Equal(["a"], bench.Began.Select(one => one.Name));
        released.SetResult(JobOutcome.Done());
        await bench.UntilAsync(ids[2], "done 1");
        Assert.Equal(["a", "b", "c"], bench.Began.Select(one => one.Name));
    }

    [Fact]
    public async Task What_a_pool_reads_with_its_claim_is_there_until_an_end_says_that_it_holds_no_more()
    {
        await using var bench = await JobBench.CreateAsync();
        await bench.ExecuteAsync("""
            create function prefetch(in_args text[]) returns table (n bigint, said text) language sql as $$
                select u.n, upper(u.args::json ->> 'name') from unnest(in_args) with ordinality as u(args, n)
                    where u.args::json ->> 'name' <> 'dark'
            $$
            """);
        bench.Do = (errand, job, _) =>
        {
            job.Log($"{errand.Name} {job.Prefetched}");
            return Task.FromResult(JobOutcome.Done() with { InvalidatesPrefetch = errand.Name == "b" });
        };
        var seen = new JobPrefetch("prefetch", ["said"], (reader, from) => reader.GetString(from)) { Fresh = TimeSpan.FromHours(1) };
        string[] names = ["a", "dark", "b", "c", "d"];
        var ids = await bench.AddAsync([.. names.Select(name => Call(name, "house"))]);
        var process = await bench.StartAsync(JobBench.Options, null, Calls with { Concurrency = 4, Prefetch = seen });
        await bench.UntilAsync(ids[^1], "done 1");
        await process.Get<JobProgress>().FlushAsync(default);
        Assert.Equal("a A|b B|c |d |dark ", await bench.TextAsync("select string_agg(line, '|' order by line) from job_log"));
    }

    [Fact]
    public async Task One_that_is_to_be_tried_again_gives_back_those_behind_it_uncharged()
    {
        await using var bench = await JobBench.CreateAsync();
        bench.Do = (errand, job, _) =>
            Task.FromResult(
                errand.Name == "a" && job.Attempt == 1 ? JobOutcome.Retry("once more", TimeSpan.FromMilliseconds(1)) : JobOutcome.Done());
        var ids = await bench.AddAsync(Call("a", "house"), Call("b", "house"), Call("c", "house"));
        await bench.StartAsync(JobBench.Options, null, Calls with { Concurrency = 4 });
        await bench.UntilAsync(ids[2], "done 1");
        Assert.Equal(["a 1", "a 2", "b 1", "c 1"], bench.Began.Select(one => $"{one.Name} {one.Attempt}"));
        Assert.Equal("done 1", await bench.StateAsync(ids[1]));
    }

    [Fact]
    public async Task One_that_steps_aside_lets_those_behind_it_in_its_batch_go_on()
    {
        await using var bench = await JobBench.CreateAsync();
        bench.Do = (errand, _, _) =>
            Task.FromResult(errand.Name == "a" ? JobOutcome.Snooze(TimeSpan.FromHours(1)) with { LeavesOrder = true } : JobOutcome.Done());
        var ids = await bench.AddAsync(Call("a", "house"), Call("b", "house"), Call("c", "house"));
        await bench.StartAsync(JobBench.Options, null, Calls);
        await bench.UntilAsync(ids[2], "done 1");
        Assert.Equal("scheduled 0", await bench.StateAsync(ids[0]));
    }

    [Fact]
    public async Task A_pool_looks_by_itself_where_nothing_is_notified()
    {
        await using var bench = await JobBench.CreateAsync();
        await bench.Process(JobBench.Options, null, null, Calls).StartAsync(listening: false);
        await bench.UntilAsync((await bench.AddAsync(Call("a")))[0], "done 1");
    }

    [Fact]
    public async Task Pools_of_several_processes_work_together()
    {
        await using var bench = await JobBench.CreateAsync();
        var never = new TaskCompletionSource<JobOutcome>();
        bench.Do = (_, _, ct) => never.Task.WaitAsync(ct);
        for (var n = 0; n < 2; n++) await bench.StartAsync(JobBench.Options, null, Calls);
        await bench.AddAsync(Call("a"), Call("b"));
        await bench.UntilAsync("select count(distinct worker) from jobs where state = 'running'", "2");
    }

    [Fact]
    public async Task A_drain_gives_back_what_stands_behind_one_that_runs()
    {
        await using var bench = await JobBench.CreateAsync();
        var never = new TaskCompletionSource<JobOutcome>();
        bench.Do = (_, _, ct) => never.Task.WaitAsync(ct);
        await bench.AddAsync(Call("a", "house"), Call("b", "house"), Call("c", "house"));
        var process = await bench.StartAsync(JobBench.Options, null, Calls);
        await bench.UntilAsync("select count(*) from jobs where state = 'running'", "3");
        await Poll.UntilAsync("the first has begun", () => Task.FromResult(bench.Began.Count == 1));
        await process.StopAsync();
        await bench.ExecuteAsync("select jobs_rescue()");
        Assert.Equal("0", await bench.TextAsync("select count(*) from jobs where state = 'running' or attempt > 0 or crashes > 0"));
        Assert.Single(bench.Began);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("5")]
    [InlineData("30")]
    [InlineData("3600")]
    public void A_drain_takes_less_than_the_host_gives(string seconds)
    {
        var options = JobOptions.Read(Variables.Of(new Dictionary<string, string?> { ["DRAIN_SECONDS"] = seconds }));
        Assert.True(
            (options.Drain + options.DrainGrace).TotalSeconds < 0.8 * int.Parse(seconds,
                System.Globalization.CultureInfo.InvariantCulture));
        Assert.True(options.DrainGrace > TimeSpan.Zero);
    }
}
