using App.Engines.Jobs;

namespace App.Tests.Engines.Jobs;

/// <summary>Orders that are wider than one: their jobs run side by side, up to so many over all workers.</summary>
public sealed class JobWidthTests
{
    private static readonly JobPool Calls = new("calls", 100) { Together = 128, MostTogether = 50, Poll = TimeSpan.FromMilliseconds(20) };

    private static NewJob Call(string name, string order = "house", int width = 4) =>
        JobBench.Errand(name) with { Queue = "calls", OrderKey = order, OrderWidth = width };

    [Fact]
    public async Task So_many_run_at_once_over_all_workers_and_each_once()
    {
        await using var bench = await JobBench.CreateAsync();
        var (atOnce, most) = (0, 0);
        bench.Do = async (errand, _, _) =>
        {
            var now = Interlocked.Increment(ref atOnce);
            for (var seen = Volatile.Read(ref most); now > seen; seen = Volatile.Read(ref most))
                Interlocked.CompareExchange(ref most, now, seen);
            await Task.Yield();
            Interlocked.Decrement(ref atOnce);
            return JobOutcome.Done();
        };
        for (var process = 0; process < 3; process++) await bench.StartAsync(JobBench.Options, null, Calls);
        await bench.AddAsync([.. Enumerable.Range(0, 1000).Select(n => Call($"{n}"))]);
        await bench.UntilAsync("select count(*) from job_done", "1000");
        Assert.InRange(most, 1, 4);
        Assert.Equal(1000, bench.Began.Select(one => one.Name).Distinct().Count());
        Assert.Equal(1000, bench.Began.Count);
    }

    [Fact]
    public async Task One_worker_has_an_order_and_takes_more_of_it_while_it_has_few()
    {
        await using var bench = await JobBench.CreateAsync();
        var ids = await bench.AddAsync([.. Enumerable.Range(0, 5).Select(n => Call($"{n}"))]);
        var (first, second) = (await bench.HandAsync(), await bench.HandAsync());
        // A hand takes one of an order at a time: the second is turned away, and waits with those behind it.
        var claimed = await first.ClaimAsync(1);
        Assert.Equal(ids[0], Assert.Single(claimed).Id);
        Assert.Empty(await second.ClaimAsync());
        Assert.Equal("running waiting waiting waiting waiting", await StatesAsync());
        await first.EndAsync(JobOutcome.Done(), claimed);
        Assert.Equal("queued waiting waiting waiting", await StatesAsync());
        Assert.Equal(ids[1], Assert.Single(await second.ClaimAsync()).Id);

        Task<string> StatesAsync() => bench.TextAsync("select string_agg(state, ' ' order by id) from jobs");
    }

    [Fact]
    public async Task One_that_is_tried_again_later_holds_up_none_behind_it()
    {
        await using var bench = await JobBench.CreateAsync();
        bench.Do = (errand, job, _) =>
            Task.FromResult(errand.Name == "0" && job.Attempt == 1 ? JobOutcome.Retry("later", TimeSpan.FromHours(1)) : JobOutcome.Done());
        var ids = await bench.AddAsync([.. Enumerable.Range(0, 300).Select(n => Call($"{n}", width: 2))]);
        await bench.StartAsync(JobBench.Options, null, Calls);
        await bench.UntilAsync("select count(*) from job_done", "299");
        Assert.Equal("scheduled 1", await bench.StateAsync(ids[0]));
        await bench.ExecuteAsync("update jobs set run_at = clock_timestamp()");
        await bench.UntilAsync(ids[0], "done 2");
    }

    [Fact]
    public async Task What_a_dead_worker_held_runs_elsewhere()
    {
        await using var bench = await JobBench.CreateAsync();
        await bench.AddAsync([.. Enumerable.Range(0, 50).Select(n => Call($"{n}"))]);
        var hand = await bench.HandAsync();
        Assert.Single(await hand.ClaimAsync());
        await hand.DieAsync();
        await bench.StartAsync(JobBench.Options, null, Calls);
        await bench.UntilAsync("select count(*) from job_done", "50");
    }

    [Fact]
    public void Fewer_run_at_once_for_a_while_when_the_far_side_does_not_keep_up()
    {
        var sequences = new JobSequences();
        var session = new JobSession(1);
        var jobs = Enumerable.Range(1, 20)
            .Select(id => new ClaimedJob(id, "errand", "", "calls", "{}", 1, 3, true, 0, 1, "house") { OrderWidth = 4 }).ToList();
        var running = new Queue<ClaimedJob>(jobs.Where(job => sequences.Enter(job, session)));
        Assert.Equal(4, running.Count);
        End(JobOutcome.Retry("no") with { BacksOff = true });
        Assert.Equal(3, running.Count);
        End(JobOutcome.Retry("no") with { BacksOff = true });
        Assert.Equal(2, running.Count);
        End(JobOutcome.Retry("no") with { BacksOff = true });
        Assert.Single(running);
        // And one more with each that succeeds.
        foreach (var expected in (int[])[2, 3, 4, 4])
        {
            End(JobOutcome.Done());
            Assert.Equal(expected, running.Count);
        }

        void End(JobOutcome outcome)
        {
            foreach (var (job, _) in sequences.Next(running.Dequeue(), outcome)) running.Enqueue(job);
        }
    }
}
