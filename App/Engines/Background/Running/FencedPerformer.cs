using App.Platform.Database;
using Hangfire;
using Hangfire.Common;
using Hangfire.Server;

namespace App.Engines.Background.Running;

/// <summary>
/// Performs background jobs: gives each attempt its fence and its time limit, and says in the log and the metrics what
/// came of it.
/// </summary>
internal sealed class FencedPerformer(
    Postgres postgres, FencedStates states, BackgroundJobTypes types, IJobFilterProvider filters, JobActivator activator,
    BackgroundMetrics metrics,
    TimeProvider time, ILogger<FencedPerformer> log)
    : IBackgroundJobPerformer
{
    private readonly BackgroundJobPerformer inner = new(filters, activator);

    /// <inheritdoc/>
    public object? Perform(PerformContext context)
    {
        var job = context.BackgroundJob;
        if (states.Claimed(job.Id) is not { } fence) throw new JobAbortedException();
        if (types.Find(job.Job.Type) is not { } type || job.Job.Method.Name != BackgroundJobType.Method)
            throw new InvalidOperationException($"{job.Job.Type.Name}.{job.Job.Method.Name} is no background job of this application.");
        using var limit = new CancellationTokenSource(type.TimeLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken.ShutdownToken, limit.Token);
        var limited = new PerformContext(context.Storage, context.Connection, job,
            new AttemptToken(context.CancellationToken, either.Token));
        var attempt = new BackgroundAttempt(postgres, states, fence, limited, time, limit.Token);
        limited.Items[AttemptActivator.Item] = attempt;

        var name = type.Type.Name;
        var began = time.GetTimestamp();
        log.LogInformation("Processing job {Id} {Type:l} (attempt {Attempt})", job.Id, name, attempt.Number);
        try
        {
            var result = inner.Perform(limited);
            Tell("succeeded", null);
            return result;
        }
        catch (JobAbortedException)
        {
            Tell("aborted", null);
            throw;
        }
        catch (OperationCanceledException) when (context.CancellationToken.ShutdownToken.IsCancellationRequested)
        {
            var aborted = IsAborted(context.CancellationToken);
            Tell(aborted ? "aborted" : "requeued", null);
            if (aborted) throw new JobAbortedException();
            throw;
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            var late = new TimeoutException($"The attempt took longer than its limit of {type.TimeLimit}.");
            Tell("failed", late);
            throw late;
        }
        catch (Exception e)
        {
            Tell("failed", e.InnerException ?? e);
            throw;
        }

        void Tell(string outcome, Exception? error)
        {
            if (fence.Ended) outcome = "succeeded";
            var took = time.GetElapsedTime(began);
            metrics.Ended(name, outcome, took);
            var ms = (long)took.TotalMilliseconds;
            if (outcome == "succeeded") log.LogInformation("Job completed: {Id} {Type:l} in {Ms} ms", job.Id, name, ms);
            else if (outcome == "failed")
                log.LogWarning("Job failed: {Id} {Type:l} (attempt {Attempt} of {Attempts}) after {Ms} ms: {Error}", job.Id, name,
                    attempt.Number, type.Retries + 1, ms, error!.Message);
            else if (outcome == "requeued")
                log.LogInformation("Job stopped: {Id} {Type:l} after {Ms} ms; it is queued again, because this process ends",
                    job.Id, name, ms);
            else log.LogInformation("Job stopped: {Id} {Type:l} after {Ms} ms; it was cancelled, or another worker has it",
                job.Id, name, ms);
        }
    }

    // Cancelled it is: because the process ends, or because the job is another's.
    private static bool IsAborted(IJobCancellationToken cancelled)
    {
        try
        {
            cancelled.ThrowIfCancellationRequested();
            return false;
        }
        catch (OperationCanceledException e)
        {
            return e is JobAbortedException;
        }
    }

    /// <summary>Hangfire's token of an attempt with its time limit.</summary>
    private sealed class AttemptToken(IJobCancellationToken hangfire, CancellationToken either) : IJobCancellationToken
    {
        public CancellationToken ShutdownToken => either;

        public void ThrowIfCancellationRequested()
        {
            either.ThrowIfCancellationRequested();
            hangfire.ThrowIfCancellationRequested();
        }
    }
}
