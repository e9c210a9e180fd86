namespace App.Engines.Jobs;

/// <summary>
/// The work of one kind of job. Register it with <see cref="JobKind"/> under a name that never changes: queued jobs must
/// survive a rename of the class. A job may run more than once (its worker may die), so what it does outside the
/// database carries an idempotency key, and what it does inside commits together with the job
/// (<see cref="JobContext.CompleteInAsync"/>).
/// </summary>
/// <typeparam name="TArgs">What the job is about; stored as JSON.</typeparam>
internal interface IJobHandler<in TArgs>
{
    /// <summary>
    /// Does it. A throw is <see cref="JobOutcome.Retry(string, TimeSpan?)"/> with the exception as its error.
    /// <paramref name="ct"/> is cancelled when the job is cancelled, takes longer than its kind allows, or the worker drains.
    /// </summary>
    Task<JobOutcome> RunAsync(TArgs args, JobContext job, CancellationToken ct);
}
