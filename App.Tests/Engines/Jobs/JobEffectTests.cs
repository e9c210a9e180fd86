using App.Engines.Jobs;
using App.Tests.Fixtures;
using Npgsql;

namespace App.Tests.Engines.Jobs;

/// <summary>
/// What ends of attempts write beside their jobs: in the same commit, many in a statement, and even when the job is another's by then.
/// </summary>
public sealed class JobEffectTests
{
    private const string Table = "create table notes (text text check (text <> 'bad'), statement bigint not null default txid_current())";

    /// <summary>Writes a line; the database refuses <c>bad</c>.</summary>
    private sealed class Note(string text) : JobEffect
    {
        public override NpgsqlBatchCommand WriteAll(IReadOnlyList<JobEffect> effects) =>
            new("insert into notes (text) select * from unnest($1)")
            {
                Parameters =
                { new() { Value = effects.Cast<Note>().Select(note => note.Text).ToArray() } }
            };

        private string Text => text;
    }

    /// <summary>Another type, which writes otherwise.</summary>
    private sealed class Mark : JobEffect
    {
        public override NpgsqlBatchCommand WriteAll(IReadOnlyList<JobEffect> effects) =>
            new("insert into notes (text) values ('mark ' || $1)") { Parameters = { new() { Value = effects.Count } } };
    }

    [Fact]
    public async Task Effects_of_a_type_are_one_statement_and_one_commit_with_the_ends()
    {
        await using var bench = await BenchAsync();
        var hand = await bench.HandAsync();
        await bench.AddAsync([.. Enumerable.Range(0, 5).Select(n => JobBench.Errand($"{n}"))]);
        var claimed = await hand.ClaimAsync();
        await using (var connection = await bench.Source.OpenConnectionAsync())
        await using (var batch = JobStore.FinishWithEffects(connection, hand.Id, [.. claimed.Select((job, n) =>
            JobStore.End(job, JobBench.Kinds[0],
                n == 4 ? JobOutcome.Done() : JobOutcome.Done() with { Effect = n < 3 ? new Note($"{n}") : new Mark() }, 0.5))]))
        {
            // Notes, marks, and the ends.
            Assert.Equal(3, batch.BatchCommands.Count);
            await batch.ExecuteNonQueryAsync();
        }
        Assert.Equal("0 1 2 mark 1", await bench.TextAsync("select string_agg(text, ' ' order by text) from notes"));
        Assert.Equal("5 1",
            await bench.TextAsync("select (select count(*) from job_done) || ' ' || (select count(distinct statement) from notes)"));
    }

    [Fact]
    public async Task Every_end_of_an_attempt_writes_its_effect()
    {
        await using var bench = await BenchAsync();
        bench.Do = (errand, job, _) =>
            Task.FromResult(EndOf(job.Attempt == 1 ? errand.Name : "done") with { Effect = new Note(errand.Name) });
        await bench.StartAsync();
        await bench.AddAsync([.. new[] { "retry", "snooze", "aside", "dead", "cancel", "done" }.Select(JobBench.Errand)]);
        await bench.UntilAsync("select string_agg(text, ' ' order by text) from notes", "aside cancel dead done retry snooze");
    }

    [Fact]
    public async Task One_that_cannot_be_written_makes_its_own_job_dead_and_no_other()
    {
        await using var bench = await BenchAsync();
        bench.Do = (errand, _, _) => Task.FromResult(JobOutcome.Done() with { Effect = new Note(errand.Name) });
        await bench.StartAsync();
        var ids = await bench.AddAsync(JobBench.Errand("one"), JobBench.Errand("bad"), JobBench.Errand("two"));
        await bench.UntilAsync(ids[1], "dead 1");
        await bench.UntilAsync(ids[0], "done 1");
        await bench.UntilAsync(ids[2], "done 1");
        Assert.StartsWith("How it ended could not be written",
            await bench.TextAsync($"select errors->0->>'error' from jobs where id = {ids[1]}"));
        Assert.Equal("one two", await bench.TextAsync("select string_agg(text, ' ' order by text) from notes"));
    }

    [Fact]
    public async Task What_has_happened_is_written_although_the_lease_is_lost_and_the_job_runs_again()
    {
        await using var bench = await BenchAsync();
        var released = new TaskCompletionSource();
        bench.Do = async (_, job, _) =>
        {
            if (bench.Began.Count == 1) await released.Task;
            return JobOutcome.Done() with { Effect = new Note($"run {bench.Began.Count}") };
        };
        await bench.StartAsync(JobBench.Options with { Grace = TimeSpan.FromMinutes(1) });
        await bench.AddAsync(JobBench.Errand("a"));
        await Poll.UntilAsync("it has begun", () => Task.FromResult(!bench.Began.IsEmpty));
        await bench.ExecuteAsync("update job_workers set lease_expires_at = clock_timestamp() - interval '1 ms'");
        // Whoever takes it ends it, while the first still works.
        await bench.UntilAsync("select count(*) from job_done", "1");
        Assert.Equal("run 2", await bench.TextAsync("select string_agg(text, ' ') from notes"));
        released.SetResult();
        await bench.UntilAsync("select count(*) from notes", "2");
        Assert.Equal("1", await bench.TextAsync("select count(*) from job_done"));
    }

    private static JobOutcome EndOf(string name) => name switch
    {
        "retry" => JobOutcome.Retry("no", TimeSpan.FromHours(1)),
        "snooze" => JobOutcome.Snooze(TimeSpan.FromHours(1)),
        "aside" => JobOutcome.Snooze(TimeSpan.FromHours(1)) with { LeavesOrder = true },
        "dead" => JobOutcome.Dead("no"),
        "cancel" => JobOutcome.Cancel("no"),
        _ => JobOutcome.Done(),
    };

    private static async Task<JobBench> BenchAsync()
    {
        var bench = await JobBench.CreateAsync();
        await bench.ExecuteAsync(Table);
        return bench;
    }
}
