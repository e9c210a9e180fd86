using App.Engines.Background;
using App.Tests.Fixtures;

namespace App.Tests.Engines.Background;

/// <summary>
/// Two applications in one process, each with its database and its jobs: Hangfire keeps much in one place for the process, we do not.
/// </summary>
public sealed class TwoHostsTests
{
    [Fact]
    public async Task Each_host_runs_its_own_jobs_on_its_own_database_also_when_the_other_has_ended()
    {
        await using var first = await TestDatabase.CreateAsync();
        await using var second = await TestDatabase.CreateAsync();
        await using var one = await BackgroundMember.StartAsync(first.ConnectionString, worker: true,
            jobs => jobs.AddBackgroundJob<NotedJob>());
        await one.ExecuteAsync(TestJobs.Tables);
        long before, strange;
        await using (var other = await BackgroundMember.StartAsync(second.ConnectionString, worker: true,
            jobs => jobs.AddBackgroundJob<TrainingJob>(job => job with { Queue = BackgroundQueues.Training })))
        {
            await other.ExecuteAsync(TestJobs.Tables);
            before = one.Jobs.Enqueue<NotedJob>(job => job.RunAsync("one", CancellationToken.None));
            var its = other.Jobs.Enqueue<TrainingJob>(job => job.RunAsync("other", CancellationToken.None));
            strange = its;
            await EndedAsync(one, before);
            await EndedAsync(other, its);
            Assert.Equal("one", await one.TextAsync("select string_agg(what, ',') from traces"));
            Assert.Equal("other", await other.TextAsync("select string_agg(what, ',') from traces"));
            // What the process can read is still only what its host has registered.
            Assert.Throws<ArgumentException>(() => one.Jobs.Enqueue<TrainingJob>(job => job.RunAsync("strange", CancellationToken.None)));
        }
        var after = one.Jobs.Enqueue<NotedJob>(job => job.RunAsync("after", CancellationToken.None));
        await EndedAsync(one, after);
        Assert.True(strange > 0);
    }

    private static Task EndedAsync(BackgroundMember member, long job) =>
        Poll.UntilAsync($"job {job} has succeeded", async () => await member.StateAsync(job) == "Succeeded");
}
