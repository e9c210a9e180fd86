namespace App.Engines.Jobs;

/// <summary>Runs one attempt: calls the handler, and turns whatever comes of it into an outcome.</summary>
internal sealed class JobRunner(IServiceProvider services, JobProgress progress, TimeProvider time, ILogger<JobRunner> log)
{
    /// <summary>Runs it to its end, or leaves it to itself when it does not stop as it was told.</summary>
    public Task<JobOutcome> RunAsync(RunningJob running, long worker) =>
        JobTrace.IsOn ? TracedAsync(running, worker) : HandleAsync(running, worker);

    private async Task<JobOutcome> TracedAsync(RunningJob running, long worker)
    {
        var activity = JobTrace.Begin(running.Job);
        var outcome = await HandleAsync(running, worker);
        JobTrace.End(activity, outcome);
        return outcome;
    }

    private async Task<JobOutcome> HandleAsync(RunningJob running, long worker)
    {
        var (job, kind) = (running.Job, running.Kind);
        Task<JobOutcome>? handling = null;
        try
        {
            handling = kind.Run(services, job.Args, new JobContext(progress, job, worker, time), running.Stopping);
            return handling.IsCompletedSuccessfully ? handling.Result : await handling.WaitAsync(running.Overdue);
        }
        catch (Exception e)
        {
            // It has ended just as its time was up.
            if (handling is { IsCompletedSuccessfully: true }) return handling.Result;
            if (handling is { IsCompleted: false })
            {
                log.LogWarning("Job {Id} of kind {Kind} was told to stop ({Reason}) and did not: its place is given to another", job.Id,
                    kind.Name, running.Reason);
                _ = handling.ContinueWith(static task => _ = task.Exception,
                    TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously);
            }
            return running.Reason switch
            {
                StopReason.Cancelled => JobOutcome.Cancel("Cancelled by request."),
                StopReason.TimedOut => JobOutcome.Retry($"The attempt took longer than {kind.Timeout.TotalSeconds:0.###} s."),
                StopReason.Draining or StopReason.LeaseLost => JobOutcome.Released.Instance,
                _ => Failed(job, e),
            };
        }
    }

    private JobOutcome Failed(ClaimedJob job, Exception e)
    {
        log.LogDebug(e, "Attempt {Attempt} of {MaxAttempts} of job {Id} ({Kind}) failed: {Error}", job.Attempt, job.MaxAttempts, job.Id,
            job.Kind, e.Message);
        return JobOutcome.Retry(e.ToString());
    }
}
