using App.Engines.Jobs;
using App.Tests.Fixtures;

namespace App.Tests.Engines.Jobs;

/// <summary>The worker itself: its drain, cancels that nobody notified, and claims whose answer was lost.</summary>
public sealed class JobWorkerTests
{
    [Fact]
    public async Task A_drain_queues_what_has_not_ended_before_all_others_and_charges_nothing()
    {
        await using var bench = await JobBench.CreateAsync();
        var never = new TaskCompletionSource<JobOutcome>();
        bench.Do = (errand, _, ct) => errand.Name == "deaf" ? never.Task : never.Task.WaitAsync(ct);
        var process = await bench.StartAsync(JobBench.Options with { Concurrency = 2 });
        var ids = await bench.AddAsync(JobBench.Errand("deaf") with { Priority = 5 }, JobBench.Errand("heedful") with { Priority = 5 },
            JobBench.Errand("behind"));
        await Poll.UntilAsync("both run", () => Task.FromResult(bench.Began.Count == 2));
        await process.StopAsync();
        await bench.ExecuteAsync("select jobs_rescue()");
        Assert.Equal("0", await bench.TextAsync("select count(*) from job_workers"));
        Assert.Equal("queued 0 0 f",
            await bench.TextAsync("select string_agg(distinct concat_ws(' ', state, attempt, crashes, suspect), ',') from jobs"));

        var interrupted = bench.Began.Select(one => one.Id).ToHashSet();
        var hand = await bench.HandAsync();
        Assert.Equal(interrupted.Order(), await hand.ClaimIdsAsync(2));
        Assert.Equal(ids.Except(interrupted), await hand.ClaimIdsAsync());
        never.SetResult(JobOutcome.Done());
    }

    [Fact]
    public async Task A_cancel_reaches_a_running_job_although_nothing_is_notified()
    {
        await using var bench = await JobBench.CreateAsync();
        var never = new TaskCompletionSource<JobOutcome>();
        bench.Do = (_, _, ct) => never.Task.WaitAsync(ct);
        var process = bench.Process();
        await process.StartAsync(listening: false);
        var id = (await bench.AddAsync(JobBench.Errand("a")))[0];
        await bench.UntilAsync(id, "running 1");
        Assert.True(await process.Queue.CancelAsync(id, default));
        await bench.UntilAsync(id, "cancelled 1");
        Assert.Equal("Cancelled by request.", await bench.TextAsync($"select errors->-1->>'error' from jobs where id = {id}"));
    }

    [Fact]
    public async Task A_claim_whose_answer_was_lost_is_given_back_uncharged()
    {
        await using var bench = await JobBench.CreateAsync();
        var never = new TaskCompletionSource<JobOutcome>();
        bench.Do = (_, _, ct) => never.Task.WaitAsync(ct);
        await bench.StartAsync(kinds: [JobBench.Kinds[0]]);
        var known = (await bench.AddAsync(JobBench.Errand("known")))[0];
        await Poll.UntilAsync("it runs", () => Task.FromResult(bench.Began.Count == 1));
        // It has never heard of these: as when the connection broke between the commit of a claim and its answer.
        var lost = await bench.AddAsync(JobBench.Errand("lost") with { Kind = "slow" },
            JobBench.Errand("lost too") with { Kind = "slow", Limits = [JobLimit.AtOnce("k", 1)] });
        Assert.Equal("2",
            await bench.TextAsync(
                "select count(*) from job_workers w cross join lateral jobs_claim(w.id, array['slow'], 10, false, 0, true, '', '') c"));
        await bench.ExecuteAsync("update jobs set started_at = started_at - interval '1 minute'");
        await bench.UntilAsync(lost[0], "queued 0");
        await bench.UntilAsync(lost[1], "queued 0");
        Assert.Equal("0", await bench.TextAsync("select count(*) from job_holds"));
        // What it has in hand it keeps.
        Assert.Equal("running 1", await bench.StateAsync(known));
    }

    [Fact]
    public async Task A_claim_that_a_crash_of_the_database_forgot_is_made_again_and_the_job_goes_on()
    {
        await using var bench = await JobBench.CreateAsync();
        var released = new TaskCompletionSource<JobOutcome>();
        bench.Do = (_, _, _) => released.Task;
        await bench.StartAsync();
        var id = (await bench.AddAsync(JobBench.Errand("a")))[0];
        await Poll.UntilAsync("it runs", () => Task.FromResult(bench.Began.Count == 1));
        await bench.ExecuteAsync("update jobs set state = 'queued', worker = null, attempt = attempt - 1, claims = claims - 1");
        await bench.UntilAsync(id, "running 1");
        released.SetResult(JobOutcome.Done());
        await bench.UntilAsync(id, "done 1");
        Assert.Single(bench.Began);
    }

    [Fact]
    public async Task What_a_job_says_of_itself_is_bounded()
    {
        await using var bench = await JobBench.CreateAsync();
        var never = new TaskCompletionSource<JobOutcome>();
        bench.Do = (errand, job, ct) =>
        {
            job.Report(errand.Name switch { "beyond" => 7, "below" => -1, _ => double.NaN }, new string('x', 199) + "😀");
            for (var n = 1; n <= 600; n++) job.Log(n == 1 ? new string('y', 3000) : n == 2 ? "a\0b" : $"line {n}");
            return never.Task.WaitAsync(ct);
        };
        await bench.StartAsync();
        var ids = await bench.AddAsync(JobBench.Errand("beyond"), JobBench.Errand("below"), JobBench.Errand("none"));
        await bench.UntilAsync("select count(*) from job_log", "1500");
        await bench.UntilAsync("select count(*) from jobs where progress is not null", "3");
        Assert.Equal("1 0 0", await bench.TextAsync("select string_agg(progress::text, ' ' order by id) from jobs"));
        Assert.Equal("199", await bench.TextAsync("select max(length(progress_text)) from jobs"));
        Assert.Equal("2000 ab line 500",
            await bench.TextAsync(
                "select length(l[1]) || ' ' || l[2] || ' ' || l[500] from (select array_agg(line order by at, ctid) as l from job_log "
                + $"where job_id = {ids[1]}) x"));
    }

    [Theory]
    [InlineData(65_534, "done 1")]
    [InlineData(65_535, "dead 1")]
    public async Task A_result_is_kept_up_to_its_bound_to_the_byte(int characters, string state)
    {
        await using var bench = await JobBench.CreateAsync();
        bench.Do = (_, _, _) => Task.FromResult(JobOutcome.Done(new string('x', characters)));
        await bench.StartAsync();
        await bench.UntilAsync((await bench.AddAsync(JobBench.Errand("a")))[0], state);
    }
}
