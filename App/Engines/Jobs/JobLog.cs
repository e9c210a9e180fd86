using App.Platform.Observability;

namespace App.Engines.Jobs;

/// <summary>One line for each attempt of a job, as many a second as can be read.</summary>
internal sealed class JobLog(ILogger<JobLog> log, TimeProvider time) : IDisposable
{
    private readonly LogRate begun = new(log, "jobs begun", time);
    private readonly LogRate completed = new(log, "jobs completed", time);
    private readonly LogRate failed = new(log, "attempts of jobs failed", time);

    /// <summary>An attempt begins: what is logged until it is disposed carries the job and whose it is.</summary>
    public IDisposable? Begin(ClaimedJob job)
    {
        var scope = log.BeginScope(new LogScope(("JobId", job.Id), ("Organization", job.Organization)));
        if (log.IsEnabled(LogLevel.Debug) && begun.Allows())
            log.LogDebug("Processing job {JobId} of kind {Kind}, attempt {Attempt} of {MaxAttempts}", job.Id, job.Kind, job.Attempt,
                job.MaxAttempts);
        return scope;
    }

    /// <summary>An attempt has ended.</summary>
    public void Ended(ClaimedJob job, JobOutcome outcome, TimeSpan took)
    {
        switch (outcome)
        {
            case JobOutcome.Succeeded or JobOutcome.Settled:
                if (log.IsEnabled(LogLevel.Information) && completed.Allows())
                    log.LogInformation("Job completed: {Kind} {JobId} in {Milliseconds:0.0} ms", job.Kind, job.Id, took.TotalMilliseconds);
                break;
            case JobOutcome.Failed { Error: var error }:
                if (failed.Allows())
                    log.LogWarning("Job failed: {Kind} {JobId}, attempt {Attempt} of {MaxAttempts}, after {Milliseconds:0.0} ms: {Error}",
                        job.Kind, job.Id, job.Attempt, job.MaxAttempts, took.TotalMilliseconds, FirstLine(error));
                break;
            case JobOutcome.Died { Error: var error }:
                if (failed.Allows())
                    log.LogWarning("Job failed: {Kind} {JobId} is dead after {Milliseconds:0.0} ms: {Error}", job.Kind, job.Id,
                        took.TotalMilliseconds, FirstLine(error));
                break;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        begun.Dispose();
        completed.Dispose();
        failed.Dispose();
    }

    // The rest of it, such as where it was thrown, is on the job's page.
    private static string FirstLine(string error) => error.AsSpan().IndexOfAny('\r', '\n') is >= 0 and var end ? error[..end] : error;
}
