using App.Engines.Jobs;
using Npgsql;

namespace App.Tests.Engines.Jobs;

/// <summary>Workers that die, lose their lease, or never hear what they have claimed.</summary>
public sealed class JobFaultTests
{
    [Fact]
    public async Task A_job_that_three_workers_died_with_is_set_aside_and_what_was_only_claimed_ahead_is_not_charged()
    {
        await using var bench = await JobBench.CreateAsync();
        var ids = await bench.AddAsync(JobBench.Errand("poison"));
        var neighbour = (await bench.AddAsync(JobBench.Errand("neighbour")))[0];
        for (var crash = 1; crash <= 3; crash++)
        {
            var hand = await bench.HandAsync();
            Assert.Equal(ids[0], Assert.Single(await hand.ClaimAsync(1)).Id);
            if (crash == 1) Assert.Equal(neighbour, Assert.Single(await hand.ClaimAsync(1, ahead: true)).Id);
            await hand.ExpireAsync();
            await bench.ExecuteAsync("select jobs_rescue()");
            Assert.Equal(crash == 3 ? "dead 3" : $"queued {crash}", await bench.StateAsync(ids[0]));
            if (crash > 1) continue;
            Assert.Equal("0", await bench.TextAsync($"select crashes from jobs where id = {neighbour}"));
            Assert.Equal("queued 0", await bench.StateAsync(neighbour));
            await bench.ExecuteAsync($"delete from jobs where id = {neighbour}");
        }
        Assert.Equal("0", await bench.TextAsync("select count(*) from job_workers"));
    }

    [Fact]
    public async Task A_worker_that_was_not_heard_of_since_the_database_started_is_not_taken_for_dead_with_its_jobs()
    {
        await using var bench = await JobBench.CreateAsync();
        var id = (await bench.AddAsync(JobBench.Errand("a")))[0];
        var hand = await bench.HandAsync();
        await hand.ClaimAsync();
        await bench.ExecuteAsync("update job_workers set beat_at = pg_postmaster_start_time() - interval '1 s'");
        await hand.DieAsync();
        Assert.Equal(("queued 0", "0 f"),
            (await bench.StateAsync(id),
                await bench.TextAsync($"select crashes || ' ' || case when suspect then 't' else 'f' end from jobs where id = {id}")));

        // Heard again, it is responsible.
        var next = await bench.HandAsync();
        await bench.ExecuteAsync("update job_workers set beat_at = pg_postmaster_start_time() - interval '1 s'");
        Assert.Equal(id, Assert.Single(await next.ClaimAsync()).Id);
        Assert.Empty((await next.BeatAsync())!);
        await next.DieAsync();
        Assert.Equal("1", await bench.TextAsync($"select crashes from jobs where id = {id}"));
    }

    [Fact]
    public async Task A_worker_whose_lease_has_ended_writes_nothing()
    {
        await using var bench = await JobBench.CreateAsync();
        var id = (await bench.AddAsync(JobBench.Errand("late")))[0];
        var hand = await bench.HandAsync();
        var claimed = await hand.ClaimAsync();
        await hand.ExpireAsync();
        var refused = await Assert.ThrowsAsync<PostgresException>(() => hand.EndAsync(JobOutcome.Done(), claimed));
        Assert.Equal(JobStore.LeaseLost, refused.SqlState);
        Assert.Equal(JobStore.LeaseLost, (await Assert.ThrowsAsync<PostgresException>(() => hand.ClaimAsync())).SqlState);
        Assert.Equal("running 1", await bench.StateAsync(id));
    }

    [Fact]
    public async Task A_claim_that_was_released_and_made_again_cannot_be_ended_by_its_first_claim()
    {
        await using var bench = await JobBench.CreateAsync();
        var id = (await bench.AddAsync(JobBench.Errand("twice")))[0];
        var hand = await bench.HandAsync();
        var first = await hand.ClaimAsync();
        await hand.EndAsync(JobOutcome.Released.Instance, first);
        var second = await hand.ClaimAsync();
        Assert.Equal(Assert.Single(first).Attempt, Assert.Single(second).Attempt);
        Assert.Empty(await hand.EndAsync(JobOutcome.Done(), first));
        Assert.Equal("running 1", await bench.StateAsync(id));
        Assert.Equal([id], await hand.EndAsync(JobOutcome.Done(), second));
    }

    [Fact]
    public async Task Neither_a_claim_nor_an_end_goes_through_the_table()
    {
        await using var bench = await JobBench.CreateAsync();
        await bench.ExecuteAsync("""
            insert into jobs (queue, kind, organization, state, priority, rank, max_attempts, args)
            select 'default', 'errand', '', 'queued', 0, 0, 3, '{"name":"many"}' from generate_series(1, 20000)
            """);
        var hand = await bench.HandAsync();
        await using var connection = await bench.Source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var work = new NpgsqlCommand($"""
            with claimed as materialized (select id, claim from jobs_claim({hand.Id}, array['errand'], 500, true, 0, true, '', ''))
            select count(f.id) from (select array_agg(id) as ids, array_agg(claim) as claims, array_agg('succeeded'::text) as outcomes,
                array_agg(0::float8) as delays, array_agg(null::text) as texts from claimed) c
            cross join lateral jobs_finish({hand.Id}, c.ids, c.claims, c.outcomes, c.delays, c.texts, false) f
            """, connection, transaction);
        Assert.Equal(500L, await work.ExecuteScalarAsync());
        await using var scans = new NpgsqlCommand(
            "select seq_scan || ' ' || (idx_scan > 500) from pg_stat_xact_user_tables where relname = 'jobs'", connection, transaction);
        Assert.Equal("0 true", await scans.ExecuteScalarAsync());
    }

    [Fact]
    public async Task Waking_an_order_reads_its_head_alone_though_it_was_planned_for_an_empty_table()
    {
        await using var bench = await JobBench.CreateAsync();
        // Vacuumed, the table is known to be empty; otherwise the planner supposes that it holds something.
        await bench.ExecuteAsync("vacuum analyze jobs");
        await using var connection = await bench.Source.OpenConnectionAsync();
        await using var plan = new NpgsqlCommand("select jobs_wake_orders(array['house'])", connection);
        await plan.ExecuteNonQueryAsync();
        await bench.ExecuteAsync("""
            insert into jobs (queue, kind, organization, state, priority, rank, max_attempts, args, order_key, waits_for)
            select 'default', 'errand', '', 'waiting', 0, 0, 3, '{"name":"many"}', 'house', 'order:house' from generate_series(1, 3000)
            """);
        await using var transaction = await connection.BeginTransactionAsync();
        await using var wake = new NpgsqlCommand("select jobs_wake_orders(array['house'])", connection, transaction);
        await wake.ExecuteNonQueryAsync();
        await using var woken = new NpgsqlCommand("select count(*) from jobs where state = 'queued'", connection, transaction);
        await using var reads = new NpgsqlCommand(
            "select seq_tup_read + idx_tup_fetch < 1000 from pg_stat_xact_user_tables where relname = 'jobs'", connection, transaction);
        Assert.Equal(true, await reads.ExecuteScalarAsync());
        Assert.Equal(128L, await woken.ExecuteScalarAsync());
    }

    [Fact]
    public async Task A_claim_and_its_ends_read_no_more_than_they_take_though_they_were_planned_for_an_empty_table()
    {
        await using var bench = await JobBench.CreateAsync();
        var hand = await bench.HandAsync();
        var work = $"""
            with claimed as materialized (select id, claim
                from jobs_claim({hand.Id}, array['errand'], 500, true, 4, true, '', '', null, '{"{}"}', 128))
            select count(f.id) from (
                select array_agg(id) as ids, array_agg(claim) as claims, array_agg(outcome) as outcomes, array_agg(0::float8) as delays,
                    array_agg(null::text) as texts
                from (select id, claim, (array['succeeded', 'forgotten', 'retry'])[1 + row_number() over () % 3] as outcome
                    from claimed) x) c
            cross join lateral jobs_finish({hand.Id}, coalesce(c.ids, '{"{1}"}'), coalesce(c.claims, '{"{1}"}'),
                coalesce(c.outcomes, '{"{retry}"}'), coalesce(c.delays, '{"{0}"}'), coalesce(c.texts, array[null::text]), true) f
            """;
        await bench.ExecuteAsync("vacuum analyze jobs");
        await using var connection = await bench.Source.OpenConnectionAsync();
        await using (var plan = new NpgsqlCommand(work, connection)) Assert.Equal(0L, await plan.ExecuteScalarAsync());
        await bench.ExecuteAsync("""
            insert into jobs (queue, kind, organization, state, priority, rank, max_attempts, args)
            select 'default', 'errand', '', 'queued', 0, 0, 3, '{"name":"many"}' from generate_series(1, 20000)
            """);
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var command = new NpgsqlCommand(work, connection, transaction)) Assert.Equal(500L, await command.ExecuteScalarAsync());
        await using var reads = new NpgsqlCommand(
            "select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables where relname = 'jobs'", connection, transaction);
        Assert.InRange((long)(await reads.ExecuteScalarAsync())!, 500, 5000);
    }
}
