using App.Engines.Jobs;
using App.Tests.Fixtures;
using Npgsql;

namespace App.Tests.Engines.Jobs;

/// <summary>Who waits for whom: nobody in a ring, and nobody for what does not concern them.</summary>
public sealed class JobLockTests
{
    private static readonly JobLimit Limit = JobLimit.AtOnce("house", 5);

    [Fact]
    public async Task Several_cancels_in_one_transaction_and_a_claim_do_not_wait_for_each_other()
    {
        await using var bench = await JobBench.CreateAsync();
        var ids = await bench.AddAsync(JobBench.Errand("a") with { Limits = [Limit] }, JobBench.Errand("b") with { Limits = [Limit] });
        await using var canceller = await SessionAsync(bench);
        await using var claimer = await SessionAsync(bench);
        // As a claim does that takes the second while the first is being cancelled.
        await claimer.RunAsync($"select from jobs where id = {ids[1]} for update");
        await canceller.RunAsync($"select jobs_cancel({ids[0]}, 'x')");
        var second = canceller.RunAsync($"select jobs_cancel({ids[1]}, 'x')");
        await claimer.RunAsync("select jobs_lock_limits()").WaitAsync(Poll.Patience);
        Assert.False(second.IsCompleted);
        await claimer.CommitAsync();
        await second.WaitAsync(Poll.Patience);
        await canceller.CommitAsync();
        Assert.Equal(("cancelled 0", "cancelled 0"), (await bench.StateAsync(ids[0]), await bench.StateAsync(ids[1])));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_end_or_a_rescue_that_waits_for_a_cancel_keeps_nobody_from_the_limits(bool rescues)
    {
        await using var bench = await JobBench.CreateAsync();
        var id = (await bench.AddAsync(JobBench.Errand("a") with { Limits = [Limit] }))[0];
        var hand = await bench.HandAsync();
        var claimed = await hand.ClaimAsync();
        await using var canceller = await SessionAsync(bench);
        await canceller.RunAsync($"select jobs_cancel({id}, 'x')");
        var waiting = rescues ? hand.DieAsync() : hand.EndAsync(JobOutcome.Retry("no"), claimed);
        await bench.UntilAsync(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'", "1");
        await canceller.RunAsync("set local lock_timeout = '20s'");
        await canceller.RunAsync("select jobs_lock_limits()");
        Assert.False(waiting.IsCompleted);
        await canceller.CommitAsync();
        await waiting;
        Assert.Equal("cancelled 1", await bench.StateAsync(id));
        Assert.Equal("0", await bench.TextAsync("select count(*) from job_holds"));
    }

    [Fact]
    public async Task Who_adds_a_duplicate_and_stays_in_the_transaction_does_not_hold_up_the_end_of_the_job()
    {
        await using var bench = await JobBench.CreateAsync();
        var unique = JobBench.Errand("a") with { UniqueKey = "k", Limits = [Limit] };
        var id = (await bench.AddAsync(unique))[0];
        var hand = await bench.HandAsync();
        var claimed = await hand.ClaimAsync();
        await using var adder = await SessionAsync(bench);
        Assert.Equal(new Enqueued(id, false),
            Assert.Single(await bench.Process().Queue.EnqueueAsync(adder.Connection, adder.Transaction, [unique], default)));
        Assert.Equal([id], await hand.EndAsync(JobOutcome.Done(), claimed).WaitAsync(Poll.Patience));
        await adder.CommitAsync();
        Assert.Equal("0", await bench.TextAsync("select count(*) from job_uniques"));
    }

    [Fact]
    public async Task A_claim_does_not_walk_past_jobs_of_kinds_that_its_worker_does_not_know()
    {
        await using var bench = await JobBench.CreateAsync();
        await bench.ExecuteAsync("""
            insert into jobs (queue, kind, organization, state, priority, rank, max_attempts, args)
            select 'default', 'of a newer version', '', 'queued', 0, 0, 3, '{}' from generate_series(1, 20000)
            """);
        var ids = await bench.AddAsync(JobBench.Errand("a"), JobBench.Errand("b") with { Kind = "slow" });
        var hand = await bench.HandAsync();
        await using var session = await SessionAsync(bench);
        await using (var claim = JobStore.Claim(session.Connection, hand.Id, ["errand", "hasty", "slow"], 100, ahead: false, suspects: 0,
            solo: true, ("", "")))
            await claim.ExecuteNonQueryAsync();
        Assert.Equal("0 true",
            await session.RunAsync("select seq_scan || ' ' || (idx_tup_fetch < 100) from pg_stat_xact_user_tables where relname = 'jobs'"));
        await session.CommitAsync();
        Assert.Equal(("running 1", "running 1"), (await bench.StateAsync(ids[0]), await bench.StateAsync(ids[1])));
    }

    [Fact]
    public async Task Within_a_line_the_priority_decides_and_then_the_age_whatever_the_kinds()
    {
        await using var bench = await JobBench.CreateAsync();
        var ids = await bench.AddAsync(
            JobBench.Errand("later"), JobBench.Errand("old") with { Kind = "slow", Priority = -1 },
            JobBench.Errand("young") with { Priority = -1 },
            JobBench.Errand("soon") with { Kind = "hasty", Priority = -10 }, JobBench.Errand("last") with { Priority = 10 });
        var hand = await bench.HandAsync();
        Assert.Equal([ids[3]], await hand.ClaimIdsAsync(1));
        Assert.Equal([ids[1]], await hand.ClaimIdsAsync(1));
        Assert.Equal([ids[0], ids[2]], await hand.ClaimIdsAsync(2));
        Assert.Equal([ids[4]], await hand.ClaimIdsAsync(2));
    }

    [Fact]
    public async Task Two_workers_that_claim_at_once_both_get_the_first_that_the_other_has_not()
    {
        await using var bench = await JobBench.CreateAsync();
        var ids =
            await bench.AddAsync([.. Enumerable.Range(0, 40)
                .Select(n => JobBench.Errand($"{n}") with { Kind = n % 2 == 0 ? "errand" : "slow" })]);
        var (one, other) = (await bench.HandAsync(), await bench.HandAsync());
        await using var first = await SessionAsync(bench);
        Assert.Equal(10L,
            await first.RunAsync($"select count(*) from jobs_claim({one.Id}, array['errand', 'slow'], 10, false, 0, true, '', '')"));
        Assert.Equal(ids[10..20], await other.ClaimIdsAsync(10));
        await first.CommitAsync();
        Assert.Equal(ids[..10].Select(id => $"{id}"),
            (await bench.TextAsync($"select string_agg(id::text, ' ' order by id) from jobs where worker = {one.Id}")).Split(' '));
    }

    private static async Task<Session> SessionAsync(JobBench bench)
    {
        var connection = await bench.Source.OpenConnectionAsync();
        return new Session(connection, await connection.BeginTransactionAsync());
    }

    /// <summary>A transaction that goes on when the test says so.</summary>
    private sealed class Session(NpgsqlConnection connection, NpgsqlTransaction transaction) : IAsyncDisposable
    {
        public NpgsqlConnection Connection => connection;

        public NpgsqlTransaction Transaction => transaction;

        public async Task<object?> RunAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection, transaction) { CommandTimeout = 60 };
            return await command.ExecuteScalarAsync();
        }

        public Task CommitAsync() => transaction.CommitAsync();

        public async ValueTask DisposeAsync()
        {
            await transaction.DisposeAsync();
            await connection.DisposeAsync();
        }
    }
}
