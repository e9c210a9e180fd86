using App.Platform.Serving;

namespace App.Engines.Jobs;

/// <summary>
/// Runs the jobs of a pool: a claimer takes them, an executor runs them, an end writer writes what became of them, and a
/// heartbeat keeps the lease under which they are held (<see cref="HeldJobs"/>). This is their start and their drain.
/// </summary>
internal sealed class JobWorker(
    JobPool pool, JobOptions options, HeldJobs held, JobClaimer claimer, JobExecutor executor, JobEndWriter ends, JobHeartbeat heartbeat,
    TimeProvider time, ILogger<JobWorker> log)
    : DrainingService
{
    /// <summary>The worker of a pool, with parts of its own.</summary>
    public static JobWorker Of(IServiceProvider services, JobPool pool)
    {
        var held = New<HeldJobs>();
        var ends = New<JobEndWriter>(pool, held);
        var executor = New<JobExecutor>(pool, held, ends);
        return New<JobWorker>(pool, held, New<JobClaimer>(pool, held, executor), executor, ends, New<JobHeartbeat>(held));

        T New<T>(params object[] parts) => ActivatorUtilities.CreateInstance<T>(services, parts);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        if (pool.Queue is null) log.LogInformation("Running jobs, {Concurrency} at once", pool.Concurrency);
        else log.LogInformation("Running jobs of queue {Queue}, {Concurrency} at once", pool.Queue, pool.Concurrency);
        using var finished = new CancellationTokenSource();
        var writing = ends.RunAsync();
        var beating = heartbeat.RunAsync(finished.Token);
        var executing = executor.RunAsync();
        await claimer.RunAsync(stoppingToken);

        executor.Complete();
        await DrainAsync(executing);
        ends.Complete();
        await writing;
        // The lease is kept until the last end is written.
        await finished.CancelAsync();
        await beating;
        await held.CloseAsync();
    }

    private async Task DrainAsync(Task executing)
    {
        held.Drain();
        await executing.WaitAsync(options.Drain, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        held.StopAll(StopReason.Draining, options.DrainGrace / 2);
        // A handler that does not stop is left behind after its grace; one that blocks its thread with its place.
        await executing.WaitAsync(options.DrainGrace, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
