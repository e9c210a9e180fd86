using App.Engines.Jobs;

namespace App.Tests.Engines.Jobs;

/// <summary>What becomes of a job after each outcome of an attempt.</summary>
public sealed class JobOutcomeTests
{
    [Fact]
    public async Task A_job_that_succeeds_leaves_the_queue_and_its_result_is_kept()
    {
        await using var bench = await JobBench.CreateAsync();
        bench.Do = (errand, _, _) => Task.FromResult(JobOutcome.Done(new { Said = errand.Name }));
        await bench.StartAsync();
        var id = (await bench.AddAsync(JobBench.Errand("a") with { Organization = "acme" }))[0];
        await bench.UntilAsync(id, "done 1");
        Assert.Equal("""acme errand {"said":"a"} t""",
            await bench.TextAsync(
                $"select concat_ws(' ', organization, kind, result, started_at <= finished_at) from job_done where id = {id}"));
        Assert.Equal("0", await bench.TextAsync("select count(*) from jobs"));
    }

    [Fact]
    public async Task A_kind_that_keeps_none_that_succeeded_leaves_nothing_and_frees_what_it_held()
    {
        await using var bench = await JobBench.CreateAsync();
        var fleeting = new JobKind { Name = "fleeting", KeepsSucceeded = false, MaxAttempts = 1 };
        bench.Do = (errand, _, _) => Task.FromResult(errand.Name == "dead" ? JobOutcome.Dead("no") : JobOutcome.Done());
        var process = await bench.StartAsync(JobBench.Options, [.. JobBench.Kinds, fleeting]);
        NewJob Fleeting(string name) => JobBench.Errand(name) with { Kind = "fleeting" };
        await using var connection = await bench.Source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await process.Queue.EnqueueAsync(connection, transaction,
        [
            Fleeting("a") with { UniqueKey = "u", OrderKey = "house", Limits = [JobLimit.AtOnce("one", 1)] },
            Fleeting("b") with { OrderKey = "house" },
            JobBench.Errand("kept") with { OrderKey = "house" }, JobBench.Errand("next") with { Limits = [JobLimit.AtOnce("one", 1)] },
            Fleeting("dead"),
        ], default);
        await transaction.CommitAsync();
        await bench.UntilAsync("select string_agg(args::json ->> 'name', ' ' order by id) from job_done", "kept next");
        await bench.UntilAsync("select string_agg(state, ' ') from jobs", "dead");
        Assert.Equal("0 0", await bench.TextAsync("select (select count(*) from job_uniques) || ' ' || (select count(*) from job_holds)"));
    }

    [Fact]
    public async Task Ends_of_all_sorts_are_written_together()
    {
        await using var bench = await JobBench.CreateAsync();
        await bench.AddAsync(JobBench.Errand("a") with { OrderKey = "x" }, JobBench.Errand("b") with { UniqueKey = "u" },
            JobBench.Errand("c"), JobBench.Errand("d"));
        var hand = await bench.HandAsync();
        var jobs = await hand.ClaimAsync();
        Assert.Equal("4", await bench.TextAsync($$"""
            select count(*) from jobs_finish({{hand.Id}}, array[{{string.Join(',', jobs.Select(job => job.Id))}}], array[1, 1, 1, 1],
                '{forgotten,forgotten,succeeded,snoozed}', '{0,0,0,3600}', '{null,null,null,null}', true)
            """));
        Assert.Equal("d scheduled, c done",
            await bench.TextAsync(
                "select string_agg(args::json ->> 'name' || ' ' || state, ', ') "
                + "from (select args, state from jobs union all select args, 'done' from job_done) j"));
        Assert.Equal("0", await bench.TextAsync("select count(*) from job_uniques"));
        // Told again, and by one that holds them no more.
        Assert.Equal("0",
            await bench.TextAsync(
                $$"""
                select count(*)
                from jobs_finish({{hand.Id}}, array[{{jobs[0].Id}}], array[1], '{forgotten}', '{0}', '{null}', true)
                """));
    }

    [Fact]
    public async Task A_result_that_is_too_large_or_cannot_be_written_makes_the_job_dead_and_hinders_no_other()
    {
        await using var bench = await JobBench.CreateAsync();
        var self = new List<object>();
        self.Add(self);
        bench.Do = (errand, _, _) =>
            Task.FromResult(JobOutcome.Done(errand.Name switch { "large" => new string('x', 70_000), "endless" => self, _ => null }));
        await bench.StartAsync(JobBench.Options with { Concurrency = 1 });
        var ids = await bench.AddAsync(JobBench.Errand("large"), JobBench.Errand("endless"), JobBench.Errand("small"));
        await bench.UntilAsync(ids[0], "dead 1");
        await bench.UntilAsync(ids[1], "dead 1");
        await bench.UntilAsync(ids[2], "done 1");
    }

    [Fact]
    public async Task A_failed_attempt_is_tried_again_and_the_last_makes_the_job_dead_until_it_is_redriven()
    {
        await using var bench = await JobBench.CreateAsync();
        var fails = true;
        bench.Do = (_, job, _) => fails ? throw new InvalidOperationException($"no {job.Attempt}") : Task.FromResult(JobOutcome.Done());
        var process = await bench.StartAsync();
        var id = (await bench.AddAsync(JobBench.Errand("a")))[0];
        await bench.UntilAsync(id, "dead 3");
        Assert.Equal(3, bench.Began.Count);
        Assert.Equal("1 2 3",
            await bench.TextAsync(
                "select string_agg(e->>'attempt', ' ' order by n) from jobs, jsonb_array_elements(errors) with ordinality as x(e, n) "
                + $"where id = {id}"));
        Assert.Contains("no 2", await bench.TextAsync($"select errors->1->>'error' from jobs where id = {id}"), StringComparison.Ordinal);

        fails = false;
        Assert.Equal(1, await process.Queue.RedriveAsync([id, 987654321], default));
        await bench.UntilAsync(id, "done 1");
    }

    [Fact]
    public async Task The_pause_after_a_failure_is_of_the_databases_clock_and_doubles()
    {
        await using var bench = await JobBench.CreateAsync();
        var id = (await bench.AddAsync(JobBench.Errand("a") with { Kind = "slow" }))[0];
        var hand = await bench.HandAsync();
        foreach (var hours in (int[])[1, 2])
        {
            await hand.EndAsync(JobOutcome.Retry("no"), await hand.ClaimAsync());
            // Whatever the statement took lies on both sides of the hour.
            Assert.Equal("scheduled t",
                await bench.TextAsync(
                    "select concat_ws(' ', state, "
                    + $"run_at between (errors->-1->>'at')::timestamptz + interval '{hours} h' - interval '1 minute' "
                    + $"and clock_timestamp() + interval '{hours} h') from jobs where id = {id}"));
            await bench.ExecuteAsync($"update jobs set run_at = clock_timestamp() where id = {id}");
            await bench.ExecuteAsync("select jobs_stage(100)");
            Assert.Equal("queued", await bench.TextAsync($"select state from jobs where id = {id}"));
        }
    }

    [Theory]
    [InlineData(1, 0, 0.8)]
    [InlineData(1, 0.5, 1)]
    [InlineData(3, 0.5, 4)]
    [InlineData(9, 0.5, 60)]
    [InlineData(1_000_000, 1, 72)]
    public void Backoff_doubles_up_to_the_longest_with_jitter(int attempt, double chance, double minutes) =>
        Assert.Equal(minutes, new JobKind { Name = "k", Backoff = TimeSpan.FromMinutes(1) }.BackoffAfter(attempt, chance).TotalMinutes, 6);

    [Fact]
    public async Task A_snooze_is_not_charged()
    {
        await using var bench = await JobBench.CreateAsync();
        bench.Do = (_, _, _) =>
            Task.FromResult(bench.Began.Count < 6 ? JobOutcome.Snooze(TimeSpan.FromMilliseconds(1)) : JobOutcome.Done());
        await bench.StartAsync();
        var id = (await bench.AddAsync(JobBench.Errand("a")))[0];
        await bench.UntilAsync(id, "done 1");
        Assert.Equal(6, bench.Began.Count);
    }

    [Fact]
    public async Task A_handler_may_cancel_its_job_or_give_it_up()
    {
        await using var bench = await JobBench.CreateAsync();
        bench.Do = (errand, _, _) =>
            Task.FromResult(errand.Name == "needless" ? JobOutcome.Cancel("needless") : JobOutcome.Dead("hopeless"));
        await bench.StartAsync();
        var ids = await bench.AddAsync(JobBench.Errand("needless"), JobBench.Errand("hopeless"));
        await bench.UntilAsync(ids[0], "cancelled 1");
        await bench.UntilAsync(ids[1], "dead 1");
        Assert.Equal("needless hopeless", await bench.TextAsync("select string_agg(errors->0->>'error', ' ' order by id) from jobs"));
    }

    [Fact]
    public async Task Arguments_that_do_not_fit_make_the_job_dead_at_once()
    {
        await using var bench = await JobBench.CreateAsync();
        var ids = await bench.AddAsync(JobBench.Errand("a"), JobBench.Errand("b"), JobBench.Errand("c"));
        await bench.ExecuteAsync($"update jobs set args = 'null' where id = {ids[0]}");
        await bench.ExecuteAsync($$"""update jobs set args = '{"name":[1]}' where id = {{ids[1]}}""");
        await bench.StartAsync();
        await bench.UntilAsync(ids[0], "dead 1");
        await bench.UntilAsync(ids[1], "dead 1");
        await bench.UntilAsync(ids[2], "done 1");
        Assert.Equal(["c"], bench.Began.Select(one => one.Name));
    }

    [Fact]
    public async Task A_job_of_a_kind_that_this_version_does_not_know_stays_queued_for_one_that_does()
    {
        await using var bench = await JobBench.CreateAsync();
        var ids = await bench.AddAsync(JobBench.Errand("new") with { Kind = "slow" }, JobBench.Errand("old"));
        await bench.StartAsync(kinds: [JobBench.Kinds[0]]);
        await bench.UntilAsync(ids[1], "done 1");
        Assert.Equal("queued 0", await bench.StateAsync(ids[0]));
        await bench.StartAsync();
        await bench.UntilAsync(ids[0], "done 1");
    }

    [Fact]
    public async Task An_attempt_that_takes_too_long_is_stopped_and_its_place_freed_although_it_ignores_that()
    {
        await using var bench = await JobBench.CreateAsync();
        var never = new TaskCompletionSource<JobOutcome>();
        bench.Do = async (errand, _, ct) => errand.Name switch
        {
            "deaf" => await never.Task,
            "heedful" =>
                await Task.Delay(Timeout.Infinite, ct)
                    .ContinueWith<JobOutcome>(_ => throw new OperationCanceledException(ct), TaskScheduler.Default),
            _ => JobOutcome.Done(),
        };
        await bench.StartAsync(JobBench.Options with { Concurrency = 1 });
        var ids = await bench.AddAsync(JobBench.Errand("deaf") with { Kind = "hasty" }, JobBench.Errand("heedful") with { Kind = "hasty" },
            JobBench.Errand("next"));
        await bench.UntilAsync(ids[0], "dead 1");
        await bench.UntilAsync(ids[1], "dead 1");
        await bench.UntilAsync(ids[2], "done 1");
        Assert.Equal("The attempt took longer than 0.05 s.",
            await bench.TextAsync($"select errors->0->>'error' from jobs where id = {ids[0]}"));
        never.SetResult(JobOutcome.Done());
        Assert.Equal("dead 1", await bench.StateAsync(ids[0]));
    }

    [Fact]
    public async Task An_error_that_no_column_takes_whole_is_cut_and_hinders_no_other()
    {
        await using var bench = await JobBench.CreateAsync();
        bench.Do = (errand, _, _) => Task.FromResult(errand.Name switch
        {
            // The cut falls into a pair of surrogates.
            "pair" => JobOutcome.Dead(new string('x', JobStore.LongestError - 1) + "😀 and more"),
            "zero" => JobOutcome.Dead("a\0b"),
            "half" => JobOutcome.Dead("a\ud800b"),
            _ => JobOutcome.Done(),
        });
        await bench.StartAsync(JobBench.Options with { Concurrency = 1 });
        var ids = await bench.AddAsync(JobBench.Errand("pair"), JobBench.Errand("zero"), JobBench.Errand("half"), JobBench.Errand("next"));
        await bench.UntilAsync(ids[3], "done 1");
        await bench.UntilAsync("select count(*) from jobs where state = 'dead'", "3");
        Assert.Equal("True",
            await bench.TextAsync($"select length(errors->0->>'error') <= {JobStore.LongestError} from jobs where id = {ids[0]}"));
    }

    [Fact]
    public async Task Errors_are_bounded_in_number()
    {
        await using var bench = await JobBench.CreateAsync();
        bench.Do = (_, job, _) => Task.FromResult(JobOutcome.Retry($"no {job.Attempt}", TimeSpan.Zero));
        await bench.StartAsync();
        var id = (await bench.AddAsync(JobBench.Errand("a") with { MaxAttempts = 25 }))[0];
        await bench.UntilAsync(id, "dead 25");
        Assert.Equal("20 no 6 no 25",
            await bench.TextAsync(
                $"select concat_ws(' ', jsonb_array_length(errors), errors->0->>'error', errors->-1->>'error') from jobs where id = {id}"));
    }
}
