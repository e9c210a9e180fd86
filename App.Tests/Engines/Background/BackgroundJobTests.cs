using System.Text.Json;
using App.Engines.Background;
using App.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace App.Tests.Engines.Background;

/// <summary>Background jobs on real servers in this process: what is run, how often, and what stops it.</summary>
public sealed class BackgroundJobTests : IAsyncLifetime
{
    private readonly TestDatabase database = new();
    private BackgroundMember member = null!;

    public async Task InitializeAsync()
    {
        await database.InitializeAsync();
        member = await BackgroundMember.StartAsync(database.ConnectionString, worker: true);
        await member.ExecuteAsync(TestJobs.Tables);
    }

    public async Task DisposeAsync()
    {
        await member.DisposeAsync();
        await database.DisposeAsync();
    }

    [Fact]
    public async Task A_job_runs_in_the_queue_of_its_class_with_its_arguments_and_tells_how_far_it_is()
    {
        var noted = member.Jobs.Enqueue<NotedJob>(job => job.RunAsync("a word", CancellationToken.None));
        var trained = member.Jobs.Enqueue<TrainingJob>(job => job.RunAsync("trained", CancellationToken.None));
        await EndedAsync(noted, "Succeeded");
        await EndedAsync(trained, "Succeeded");
        Assert.Equal("a word, trained", await member.TextAsync("select string_agg(what, ', ' order by what) from traces"));
        Assert.Equal("training",
            await member.TextAsync($"select data ->> 'Queue' from hangfire.state where jobid = {trained} and name = 'Enqueued'"));
        Assert.Equal("""{"fraction":0.5,"text":"a word"}""", await ParameterAsync(noted, "Progress"));
        Assert.Contains("noting <b>a word</b>",
            (await ParameterAsync(noted, "Log")).Replace("\\u003C", "<", StringComparison.Ordinal)
                .Replace("\\u003E", ">", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal("Committed with its effects",
            await member.TextAsync($"select reason from hangfire.state where jobid = {trained} and name = 'Succeeded'"));
    }

    [Fact]
    public async Task A_job_that_fails_is_retried_and_then_failed_for_good()
    {
        var id = member.Jobs.Enqueue<FailingJob>(job => job.RunAsync(CancellationToken.None));
        await EndedAsync(id, "Failed");
        Assert.Equal("1 2 3", await member.TextAsync($"select string_agg(number::text, ' ' order by at) from traces where job = {id}"));
        Assert.Equal("no luck",
            await member.TextAsync($"select data ->> 'ExceptionMessage' from hangfire.state where jobid = {id} order by id desc limit 1"));
    }

    [Fact]
    public async Task An_attempt_beyond_its_time_is_stopped_and_can_write_nothing_more()
    {
        var id = member.Jobs.Enqueue<SlowJob>(job => job.RunAsync(CancellationToken.None));
        await EndedAsync(id, "Failed");
        Assert.Equal("0", await member.TextAsync($"select count(*) from traces where job = {id}"));
        Assert.Contains("time limit",
            await member.TextAsync($"select data ->> 'ExceptionMessage' from hangfire.state where jobid = {id} order by id desc limit 1"),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_job_is_told_and_its_effects_are_refused_at_once()
    {
        var listening = member.Jobs.Enqueue<ListeningJob>(job => job.RunAsync(CancellationToken.None));
        var deaf = member.Jobs.Enqueue<DeafJob>(job => job.RunAsync("stale", CancellationToken.None));
        await TracedAsync(listening, "begun");
        await TracedAsync(deaf, "begun");
        var client = member.Services.GetRequiredService<Hangfire.IBackgroundJobClient>();
        foreach (var job in new[] { listening, deaf }) Assert.True(client.ChangeState($"{job}", new Hangfire.States.DeletedState(), null));
        await member.ExecuteAsync("insert into opened default values");
        await TracedAsync(listening, "stopped");
        await TracedAsync(deaf, "refused");
        Assert.Equal("0", await member.TextAsync("select count(*) from traces where what = 'stale'"));
        Assert.Equal("Deleted Deleted", await member.StateAsync(listening) + " " + await member.StateAsync(deaf));
    }

    [Fact]
    public async Task A_row_that_names_anything_else_runs_nothing_and_fails_at_once()
    {
        using var folder = TestFolder.Create();
        var victim = Path.Combine(folder.Path, "victim");
        await File.WriteAllTextAsync(victim, "still here");
        var forged = await ForgeAsync("System.IO.File, System.Runtime", "Delete", """["System.String"]""", victim);
        var unlisted = await ForgeAsync("App.Tests.Engines.Background.NotedJob, App.Tests", "ToString", "[]");
        await EndedAsync(forged, "Failed");
        // A method that is none of a job is refused as any failure is: it is tried again, in vain.
        await EndedAsync(unlisted, "Scheduled");
        Assert.True(File.Exists(victim));
    }

    [Fact]
    public async Task A_job_of_another_version_waits_for_a_worker_that_has_it_and_loses_no_retry()
    {
        await using var newer = await BackgroundMember.StartAsync(database.ConnectionString, worker: false,
            jobs => jobs.AddBackgroundJob<NewerJob>());
        var id = newer.Jobs.Enqueue<NewerJob>(job => job.RunAsync(CancellationToken.None));
        await EndedAsync(id, "Scheduled");
        Assert.Equal("0", await member.TextAsync($"select count(*) from hangfire.jobparameter where jobid = {id} and name = 'RetryCount'"));
        Assert.StartsWith("This version has no job",
            await member.TextAsync($"select reason from hangfire.state where jobid = {id} order by id desc limit 1"),
            StringComparison.Ordinal);
        await member.StopAsync();
        await using var worker = await BackgroundMember.StartAsync(database.ConnectionString, worker: true,
            jobs => jobs.AddBackgroundJob<NewerJob>());
        await EndedAsync(id, "Succeeded");
        Assert.Equal("1", await member.TextAsync($"select number from traces where job = {id}"));
    }

    [Fact]
    public async Task A_transaction_that_is_not_committed_leaves_no_job_and_one_that_is_leaves_one()
    {
        var call = BackgroundCall.Of<NotedJob>(job => job.RunAsync("with its row", CancellationToken.None));
        long undone, done;
        await using (var transaction = await App.Platform.Database.ShortTransaction.BeginAsync(member.Postgres.Source, default))
            undone = member.Jobs.Enqueue(transaction, call, 7);
        await using (var transaction = await App.Platform.Database.ShortTransaction.BeginAsync(member.Postgres.Source, default))
        {
            done = member.Jobs.Enqueue(transaction, call, 8);
            await transaction.CommitAsync();
        }
        await EndedAsync(done, "Succeeded");
        Assert.Equal("", await member.StateAsync(undone));
        Assert.Equal("8", await ParameterAsync(done, BackgroundJobs.FireParameter));
        Assert.Equal("1", await member.TextAsync("select count(*) from traces"));
    }

    private async Task<long> ForgeAsync(string type, string method, string parameters, params string[] arguments)
    {
        var id = long.Parse(await member.TextAsync($$"""
            with j as (insert into hangfire.job (invocationdata, arguments, createdat)
                values (
                    '{"Type":"{{type}}","Method":"{{method}}","ParameterTypes":{{JsonSerializer.Serialize(parameters)}},"Arguments":null}',
                    '{{JsonSerializer.Serialize(arguments.Select(argument => JsonSerializer.Serialize(argument)))}}', now()) returning id),
            s as (insert into hangfire.state (jobid, name, createdat, data) select id, 'Enqueued', now(), '{}' from j returning id, jobid)
            select jobid from s
            """), System.Globalization.CultureInfo.InvariantCulture);
        await member.ExecuteAsync($"""
            update hangfire.job set statename = 'Enqueued', stateid = (select max(id) from hangfire.state where jobid = {id})
                where id = {id};
            insert into hangfire.jobqueue (jobid, queue) values ({id}, 'default')
            """);
        return id;
    }

    private Task EndedAsync(long job, string state) =>
        Poll.UntilAsync($"job {job} is {state}", async () => await member.StateAsync(job) == state);

    private Task TracedAsync(long job, string what) =>
        Poll.UntilAsync($"job {job} is {what}",
            async () => await member.TextAsync($"select count(*) > 0 from traces where job = {job} and what = '{what}'") == "True");

    private Task<string> ParameterAsync(long job, string name) =>
        member.TextAsync($"select value from hangfire.jobparameter where jobid = {job} and name = '{name}'");
}

/// <summary>A job that the other version does not have.</summary>
internal sealed class NewerJob(App.Engines.Background.Running.BackgroundAttempt attempt)
{
    public Task RunAsync(CancellationToken ct) =>
        attempt.CompleteAsync((connection, _) => TestJobs.TraceAsync(connection, attempt, "newer"), ct);
}
