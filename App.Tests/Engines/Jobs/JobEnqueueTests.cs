using App.Engines.Jobs;
using App.Platform.Database;
using Microsoft.EntityFrameworkCore;

namespace App.Tests.Engines.Jobs;

/// <summary>Adding jobs: in a transaction of the caller's, one by one, and many.</summary>
public sealed class JobEnqueueTests
{
    [Theory]
    [InlineData(true, "2")]
    [InlineData(false, "0")]
    public async Task A_job_exists_exactly_when_the_transaction_that_added_it_is_committed(bool commits, string jobs)
    {
        await using var bench = await JobBench.CreateAsync();
        await using var db = new AppDbContext(new DbContextOptionsBuilder<AppDbContext>().UseNpgsql(bench.ConnectionString).Options);
        await using (var transaction = await db.Database.BeginTransactionAsync())
        {
            var added = await bench.Process().Queue.EnqueueAsync(db, [JobBench.Errand("a"), JobBench.Errand("b")], default);
            Assert.Equal(2, added.Count);
            Assert.All(added, one => Assert.True(one.Added));
            Assert.True(added[0].Id < added[1].Id);
            Assert.Equal("0", await bench.TextAsync("select count(*) from jobs"));
            if (commits) await transaction.CommitAsync();
        }
        Assert.Equal(jobs, await bench.TextAsync("select count(*) from jobs"));
    }

    [Fact]
    public async Task Without_a_transaction_of_the_callers_nothing_is_added()
    {
        await using var bench = await JobBench.CreateAsync();
        await using var db = new AppDbContext(new DbContextOptionsBuilder<AppDbContext>().UseNpgsql(bench.ConnectionString).Options);
        await Assert.ThrowsAsync<InvalidOperationException>(() => bench.Process().Queue.EnqueueAsync(db, [JobBench.Errand("a")], default));
        Assert.Equal("0", await bench.TextAsync("select count(*) from jobs"));
    }

    [Fact]
    public async Task Concurrent_callers_share_commits_and_each_learns_its_own_job()
    {
        await using var bench = await JobBench.CreateAsync();
        var queue = bench.Process().Queue;
        var added = await Task.WhenAll(Enumerable.Range(0, 3000).Select(n => queue.EnqueueAsync(JobBench.Errand($"e{n}"), default)));
        Assert.Equal(3000, added.Select(one => one.Id).Distinct().Count());
        Assert.Equal("""{"name":"e1234"}""", await bench.TextAsync($"select args from jobs where id = {added[1234].Id}"));
        var commits = int.Parse(await bench.TextAsync("select count(distinct xmin::text) from jobs"),
            System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(commits, 3, 1000);
    }

    [Fact]
    public async Task A_job_keeps_what_it_was_added_with()
    {
        await using var bench = await JobBench.CreateAsync();
        var id = (await bench.AddAsync(JobBench.Errand("a") with
        {
            Organization = "acme",
            Priority = -7,
            Delay = TimeSpan.FromHours(1),
            Queue = "letters",
            MaxAttempts = 9,
            UniqueKey = "u",
            OrderKey = "o",
            Limits = [JobLimit.AtOnce("l", 2), JobLimit.Starts("r", 80, TimeSpan.FromSeconds(1))],
        }))[0];
        Assert.Equal("letters errand acme scheduled -7 -7 0 9 u o l 2 80 1", await bench.TextAsync($"""
            select concat_ws(' ', queue, kind, organization, state, priority, rank, attempt, max_attempts, unique_key, order_key,
                limits->0->>'key', limits->0->>'concurrency', limits->1->>'rate', limits->1->>'per')
            from jobs where id = {id} and run_at between created_at + interval '3599 s' and created_at + interval '3601 s'
            """));
    }

    [Fact]
    public async Task Many_jobs_are_copied_in_one_commit_and_run()
    {
        await using var bench = await JobBench.CreateAsync();
        var process = bench.Process();
        var count = await process.Queue.EnqueueManyAsync(
            Enumerable.Range(0, 2500)
                .Select(n =>
                    JobBench.Errand($"e{n}") with
                    { OrderKey = n < 2 ? "o" : null, Limits = n < 3 ? [JobLimit.AtOnce("l", 1)] : [] }), default);
        Assert.Equal(2500, count);
        Assert.Equal("1", await bench.TextAsync("select count(distinct xmin::text) from jobs"));
        await process.StartAsync();
        await bench.UntilAsync("select count(*) from job_done", "2500");
        Assert.Equal(2500, bench.Began.Select(one => one.Name).Distinct().Count());
        Assert.Equal(2500, bench.Began.Count);
    }

    [Fact]
    public async Task A_faulty_job_of_many_leaves_none()
    {
        await using var bench = await JobBench.CreateAsync();
        var queue = bench.Process().Queue;
        await Assert.ThrowsAsync<ArgumentException>(() =>
            queue.EnqueueManyAsync([JobBench.Errand("a"), JobBench.Errand("b") with { UniqueKey = "u" }], default));
        Assert.Equal("0", await bench.TextAsync("select count(*) from jobs"));
    }

    public static TheoryData<string> Faulty =>
        ["kind", "args", "large", "priority", "queue", "long queue", "organization", "attempts", "zero key", "rate", "span", "concurrency",
            "limit key", "half pair"];

    [Theory]
    [MemberData(nameof(Faulty))]
    public async Task A_job_that_the_table_would_refuse_is_refused_before_it_joins_others(string fault)
    {
        await using var bench = await JobBench.CreateAsync();
        var queue = bench.Process().Queue;
        var good = JobBench.Errand("good");
        var job = fault switch
        {
            "kind" => good with { Kind = "no-such" },
            "args" => good with { Args = "text" },
            "large" => JobBench.Errand(new string('ä', 140_000)),
            "priority" => good with { Priority = 1001 },
            "queue" => good with { Queue = "" },
            "long queue" => good with { Queue = new string('q', 129) },
            "organization" => good with { Organization = new string('o', 129) },
            "attempts" => good with { MaxAttempts = 0 },
            "zero key" => good with { UniqueKey = "a\0b" },
            "rate" => good with { Limits = [JobLimit.Starts("r", 0, TimeSpan.FromSeconds(1))] },
            "span" => good with { Limits = [JobLimit.Starts("r", 1, TimeSpan.Zero)] },
            "concurrency" => good with { Limits = [JobLimit.AtOnce("l", 0)] },
            "limit key" => good with { Limits = [JobLimit.AtOnce("", 1)] },
            "half pair" => good with { OrderKey = "a\ud800" },
            _ => throw new ArgumentOutOfRangeException(nameof(fault)),
        };
        var before = queue.EnqueueAsync(good, default);
        await Assert.ThrowsAsync<ArgumentException>(() => queue.EnqueueAsync(job, default));
        var after = queue.EnqueueAsync(good, default);
        Assert.True((await before).Added);
        Assert.True((await after).Added);
    }
}
