using App.Engines.Jobs;

namespace App.Tests.Engines.Jobs;

/// <summary>Jobs of one order run one at a time in the order of their enqueue.</summary>
public sealed class JobOrderTests
{
    private static NewJob Of(string name) => JobBench.Errand(name) with { OrderKey = "house" };

    [Fact]
    public async Task They_run_one_at_a_time_first_come_first_served_whatever_their_priority()
    {
        await using var bench = await JobBench.CreateAsync();
        var ids = await bench.AddAsync(Of("a"), Of("b"), Of("c") with { Priority = -5 });
        var hand = await bench.HandAsync();
        List<long> order = [];
        for (var turn = 0; turn < 3; turn++)
        {
            await bench.ExecuteAsync("select jobs_stage(100)");
            var claimed = await hand.ClaimAsync(1);
            order.Add(Assert.Single(claimed).Id);
            Assert.Empty(await hand.ClaimAsync());
            await hand.EndAsync(JobOutcome.Done(), claimed);
        }
        Assert.Equal(ids, order);
    }

    [Fact]
    public async Task Nobody_needs_a_stager_to_be_woken_when_the_one_before_ends()
    {
        await using var bench = await JobBench.CreateAsync();
        var ids = await bench.AddAsync(Of("a"), Of("b"), Of("c"));
        var hand = await bench.HandAsync();
        foreach (var id in ids)
        {
            var claimed = await hand.ClaimAsync();
            Assert.Equal(id, Assert.Single(claimed).Id);
            await hand.EndAsync(JobOutcome.Done(), claimed);
        }
    }

    [Fact]
    public async Task One_that_is_to_be_tried_again_holds_those_behind_it()
    {
        await using var bench = await JobBench.CreateAsync();
        var ids = await bench.AddAsync(Of("a") with { Kind = "slow" }, Of("b"));
        var hand = await bench.HandAsync();
        await hand.EndAsync(JobOutcome.Retry("no"), await hand.ClaimAsync());
        await bench.ExecuteAsync("select jobs_stage(100)");
        Assert.Empty(await hand.ClaimAsync());
        await bench.ExecuteAsync($"update jobs set run_at = clock_timestamp() where id = {ids[0]}");
        await bench.ExecuteAsync("select jobs_stage(100)");
        var again = await hand.ClaimAsync();
        Assert.Equal((ids[0], 2), (Assert.Single(again).Id, again[0].Attempt));
        await hand.EndAsync(JobOutcome.Dead("never"), again);
        Assert.Equal([ids[1]], await hand.ClaimIdsAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task One_that_steps_aside_lets_the_next_pass_and_runs_later_by_itself(bool retried)
    {
        await using var bench = await JobBench.CreateAsync();
        var ids = await bench.AddAsync(Of("a"), Of("b"), Of("c"));
        var hand = await bench.HandAsync();
        var later = retried ? JobOutcome.Retry("no", TimeSpan.FromHours(1)) : JobOutcome.Snooze(TimeSpan.FromHours(1));
        await hand.EndAsync(later with { LeavesOrder = true }, await hand.ClaimAsync());
        var second = await hand.ClaimAsync();
        Assert.Equal(ids[1], Assert.Single(second).Id);
        // Due again, it waits for nobody, and nobody waits for it: the next waits for the one before.
        await bench.ExecuteAsync($"update jobs set run_at = clock_timestamp() where id = {ids[0]}");
        await bench.ExecuteAsync("select jobs_stage(100)");
        var again = await hand.ClaimAsync();
        Assert.Equal((ids[0], retried ? 2 : 1), (Assert.Single(again).Id, again[0].Attempt));
        await hand.EndAsync(JobOutcome.Done(), second);
        Assert.Equal([ids[2]], await hand.ClaimIdsAsync());
    }

    [Fact]
    public async Task One_that_is_cancelled_lets_the_next_pass()
    {
        await using var bench = await JobBench.CreateAsync();
        var ids = await bench.AddAsync(Of("a"), Of("b"), Of("c"));
        var hand = await bench.HandAsync();
        var queue = bench.Process().Queue;
        var claimed = await hand.ClaimAsync();
        Assert.Empty(await hand.ClaimAsync());
        Assert.True(await queue.CancelAsync(ids[1], default));
        Assert.True(await queue.CancelAsync(ids[0], default));
        Assert.Equal([ids[0]], await hand.BeatAsync());
        await hand.EndAsync(JobOutcome.Cancel("told so"), claimed);
        Assert.Equal([ids[2]], await hand.ClaimIdsAsync());
    }

    [Fact]
    public async Task One_whose_commit_comes_late_does_not_run_beside_one_behind_it()
    {
        await using var bench = await JobBench.CreateAsync();
        var queue = bench.Process().Queue;
        await using var connection = await bench.Source.OpenConnectionAsync();
        var transaction = await connection.BeginTransactionAsync();
        var late = (await queue.EnqueueAsync(connection, transaction, [Of("late")], default))[0].Id;
        var early = (await bench.AddAsync(Of("early")))[0];
        var hand = await bench.HandAsync();
        var running = await hand.ClaimAsync();
        Assert.Equal(early, Assert.Single(running).Id);
        await transaction.CommitAsync();
        Assert.Empty(await hand.ClaimAsync());
        await hand.EndAsync(JobOutcome.Done(), running);
        Assert.Equal([late], await hand.ClaimIdsAsync());
    }

    [Fact]
    public async Task An_order_and_a_limit_of_the_same_name_are_two_things()
    {
        await using var bench = await JobBench.CreateAsync();
        var ids = await bench.AddAsync(Of("a"), Of("b"), JobBench.Errand("c") with { Limits = [JobLimit.AtOnce("order:house", 1)] },
            JobBench.Errand("d") with { Limits = [JobLimit.AtOnce("order:house", 1)] });
        var hand = await bench.HandAsync();
        var claimed = await hand.ClaimAsync();
        Assert.Equal([ids[0], ids[2]], claimed.Select(job => job.Id));
        Assert.Empty(await hand.ClaimAsync());
        await hand.EndAsync(JobOutcome.Done(), claimed[1]);
        Assert.Equal([ids[3]], await hand.ClaimIdsAsync());
        await hand.EndAsync(JobOutcome.Done(), claimed[0]);
        Assert.Equal([ids[1]], await hand.ClaimIdsAsync());
    }

    [Fact]
    public async Task Several_workers_keep_the_order_of_every_key()
    {
        await using var bench = await JobBench.CreateAsync();
        bench.Do = (errand, job, _) =>
            Task.FromResult(
                errand.Name.EndsWith('5') && job.Attempt == 1
                    ? JobOutcome.Retry("once more", TimeSpan.FromMilliseconds(1)) : JobOutcome.Done());
        await bench.AddAsync([.. Enumerable.Range(0, 300)
            .Select(n => JobBench.Errand($"{n % 10}/{n / 10}") with { OrderKey = $"k{n % 10}" })]);
        for (var n = 0; n < 3; n++) await bench.StartAsync();
        await bench.UntilAsync("select count(*) from job_done", "300");
        foreach (var key in bench.Began.GroupBy(one => one.Name[0]))
        {
            var ids = key.Select(one => one.Id).ToList();
            Assert.Equal(ids.Order(), ids);
            Assert.Equal(33, ids.Count);
        }
    }
}
