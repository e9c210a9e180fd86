using App.Engines.Jobs;

namespace App.Tests.Engines.Jobs;

/// <summary>One job a unique key, however many add it.</summary>
public sealed class JobUniqueTests
{
    private static readonly NewJob Unique = JobBench.Errand("a") with { UniqueKey = "key" };

    [Fact]
    public async Task While_a_job_lives_its_key_is_taken_and_the_caller_learns_by_which()
    {
        await using var bench = await JobBench.CreateAsync();
        var queue = bench.Process().Queue;
        var first = await queue.EnqueueAsync(Unique, default);
        Assert.True(first.Added);
        Assert.Equal(new Enqueued(first.Id, false), await queue.EnqueueAsync(Unique, default));
        var hand = await bench.HandAsync();
        var claimed = await hand.ClaimAsync();
        Assert.Equal(new Enqueued(first.Id, false), await queue.EnqueueAsync(Unique, default));
        await hand.EndAsync(JobOutcome.Retry("no"), claimed);
        Assert.Equal(new Enqueued(first.Id, false), await queue.EnqueueAsync(Unique, default));
        Assert.Equal("1", await bench.TextAsync("select count(*) from jobs"));
    }

    public static TheoryData<string> Ends => ["done", "cancelled", "dead", "cancel while it waits", "cancel while it runs", "third crash"];

    [Theory]
    [MemberData(nameof(Ends))]
    public async Task A_job_that_has_ended_leaves_its_key(string end)
    {
        await using var bench = await JobBench.CreateAsync();
        var queue = bench.Process().Queue;
        var first = await queue.EnqueueAsync(Unique, default);
        var hand = await bench.HandAsync();
        switch (end)
        {
            case "done":
                await hand.EndAsync(JobOutcome.Done(), await hand.ClaimAsync());
                break;
            case "cancelled":
                await hand.EndAsync(JobOutcome.Cancel("no"), await hand.ClaimAsync());
                break;
            case "dead":
                await hand.EndAsync(JobOutcome.Dead("no"), await hand.ClaimAsync());
                break;
            case "cancel while it waits":
                Assert.True(await queue.CancelAsync(first.Id, default));
                break;
            case "cancel while it runs":
                var claimed = await hand.ClaimAsync();
                Assert.True(await queue.CancelAsync(first.Id, default));
                await hand.EndAsync(JobOutcome.Retry("told to stop"), claimed);
                break;
            default:
                for (var crash = 0; crash < 3; crash++)
                {
                    var victim = await bench.HandAsync();
                    Assert.Single(await victim.ClaimAsync());
                    await victim.DieAsync();
                }
                break;
        }
        Assert.Equal("0", await bench.TextAsync("select count(*) from job_uniques"));
        var second = await queue.EnqueueAsync(Unique, default);
        Assert.True(second.Added);
        Assert.NotEqual(first.Id, second.Id);
    }

    [Fact]
    public async Task Within_its_window_a_key_is_taken_although_its_job_has_ended()
    {
        await using var bench = await JobBench.CreateAsync();
        var queue = bench.Process().Queue;
        var job = Unique with { UniqueFor = TimeSpan.FromHours(1) };
        var first = await queue.EnqueueAsync(job, default);
        var hand = await bench.HandAsync();
        await hand.EndAsync(JobOutcome.Done(), await hand.ClaimAsync());
        Assert.Equal(new Enqueued(first.Id, false), await queue.EnqueueAsync(job, default));
        await bench.ExecuteAsync("update job_uniques set expires_at = expires_at - interval '1 hour'");
        Assert.True((await queue.EnqueueAsync(job, default)).Added);
    }

    [Fact]
    public async Task Past_its_window_a_key_is_still_its_jobs_while_that_lives()
    {
        await using var bench = await JobBench.CreateAsync();
        var queue = bench.Process().Queue;
        var job = Unique with { UniqueFor = TimeSpan.FromHours(1) };
        var first = await queue.EnqueueAsync(job, default);
        await bench.ExecuteAsync("update job_uniques set expires_at = expires_at - interval '1 hour'");
        Assert.Equal(new Enqueued(first.Id, false), await queue.EnqueueAsync(job, default));
    }

    [Fact]
    public async Task Of_concurrent_adders_exactly_one_adds()
    {
        await using var bench = await JobBench.CreateAsync();
        var processes = Enumerable.Range(0, 8).Select(_ => bench.Process()).ToList();
        foreach (var key in (string[])["a", "b", "c", "d", "e"])
        {
            var added =
                await Task.WhenAll(
                    processes.Select(process => Task.Run(() => process.Queue.EnqueueAsync(Unique with { UniqueKey = key }, default))));
            Assert.Single(added, one => one.Added);
            Assert.Single(added.Select(one => one.Id).Distinct());
        }
        Assert.Equal("5", await bench.TextAsync("select count(*) from jobs"));
    }

    [Fact]
    public async Task An_adder_waits_for_one_that_may_yet_be_rolled_back()
    {
        await using var bench = await JobBench.CreateAsync();
        var process = bench.Process();
        await using var connection = await bench.Source.OpenConnectionAsync();
        var transaction = await connection.BeginTransactionAsync();
        Assert.True((await process.Queue.EnqueueAsync(connection, transaction, [Unique], default))[0].Added);
        var second = process.Queue.EnqueueAsync(Unique, default);
        await bench.UntilAsync(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'", "1");
        await transaction.RollbackAsync();
        Assert.True((await second).Added);
        Assert.Equal("1", await bench.TextAsync("select count(*) from jobs"));
    }

    [Fact]
    public async Task Adders_of_the_same_keys_in_other_orders_do_not_lock_each_other_out()
    {
        await using var bench = await JobBench.CreateAsync();
        var keys = Enumerable.Range(0, 200).Select(n => Unique with { UniqueKey = $"k{n}" }).ToList();
        var added = await Task.WhenAll(Enumerable.Range(0, 6).Select(async n =>
        {
            await using var connection = await bench.Source.OpenConnectionAsync();
            await using var transaction = await connection.BeginTransactionAsync();
            var one = await bench.Process().Queue
                .EnqueueAsync(connection, transaction, n % 2 == 0 ? keys : [.. Enumerable.Reverse(keys)], default);
            await transaction.CommitAsync();
            return one.Count(job => job.Added);
        }));
        Assert.Equal(200, added.Sum());
        Assert.Equal("200", await bench.TextAsync("select count(*) from jobs"));
    }

    [Fact]
    public async Task The_same_key_twice_in_one_call_adds_one()
    {
        await using var bench = await JobBench.CreateAsync();
        var ids = await bench.AddAsync(Unique, JobBench.Errand("b"), Unique);
        Assert.Equal(ids[0], ids[2]);
        Assert.True(ids[0] < ids[1]);
        Assert.Equal("2", await bench.TextAsync("select count(*) from jobs"));
    }

    [Fact]
    public async Task A_job_is_not_redriven_beside_another_that_has_taken_its_key()
    {
        await using var bench = await JobBench.CreateAsync();
        var queue = bench.Process().Queue;
        var first = await queue.EnqueueAsync(Unique, default);
        var hand = await bench.HandAsync();
        await hand.EndAsync(JobOutcome.Dead("no"), await hand.ClaimAsync());
        var second = await queue.EnqueueAsync(Unique, default);
        Assert.Equal(0, await queue.RedriveAsync([first.Id], default));
        Assert.Equal("dead 1", await bench.StateAsync(first.Id));
        await queue.CancelAsync(second.Id, default);
        Assert.Equal(1, await queue.RedriveAsync([first.Id], default));
        Assert.Equal(new Enqueued(first.Id, false), await queue.EnqueueAsync(Unique, default));
    }
}
