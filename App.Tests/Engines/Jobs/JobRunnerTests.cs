using App.Engines.Jobs;
using App.Platform.Database;
using App.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace App.Tests.Engines.Jobs;

/// <summary>Attempts whose time is up.</summary>
public sealed class JobRunnerTests
{
    private const int OfTheAttempt = 0;
    private const int OfItsGrace = 1;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_end_that_comes_just_as_the_time_is_up_is_kept(bool ends)
    {
        const string Nowhere = "Host=192.0.2.1";
        await using var postgres = new Postgres(Nowhere, Nowhere, "test");
        await using var services = new ServiceCollection().BuildServiceProvider();
        var (time, thread, end) = (new FiredTime(), new OneThread(), new TaskCompletionSource<JobOutcome>());
        var kind = new JobKind { Name = "errand", Run = (_, _, _, _) => end.Task };
        using var attempt = new RunningJob(new ClaimedJob(1, "errand", "", "default", "{}", 1, 3, false, 0, 1), kind,
            TimeSpan.FromSeconds(1), time);
        var runner = new JobRunner(services, new JobProgress(postgres, time), time, NullLogger<JobRunner>.Instance);

        var ran = thread.Run(() => runner.RunAsync(attempt, worker: 1));
        time.Fire(OfTheAttempt);
        time.Fire(OfItsGrace);
        if (ends) end.SetResult(JobOutcome.Done());
        Assert.False(ran.IsCompleted);
        thread.GoOn();

        Assert.Equal(StopReason.TimedOut, attempt.Reason);
        Assert.Equal(ends ? typeof(JobOutcome.Succeeded) : typeof(JobOutcome.Failed), (await ran).GetType());
    }
}
