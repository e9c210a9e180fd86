using Hangfire.States;

namespace App.Engines.Background.Running;

/// <summary>
/// A job whose class this version does not have is put off, without spending a retry, until a worker takes it that has
/// it: while two versions run side by side, and after a step back. What belongs to no version is failed at once.
/// </summary>
internal sealed class UnknownJobs(BackgroundJobTypes types, TimeProvider time) : IElectStateFilter
{
    /// <summary>For so long a job waits for a version that knows it.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(7);

    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    /// <inheritdoc/>
    public void OnStateElection(ElectStateContext context)
    {
        var job = context.BackgroundJob.Job;
        // A job that cannot be read can only fail (Hangfire); one that is registered elsewhere is stopped before it begins.
        if (job is null ? context.CandidateState is not FailedState
            : context.CandidateState is not ProcessingState || types.Find(job.Type) is not null) return;
        var name = job is null ? context.Connection.GetJobData(context.BackgroundJob.Id)?.InvocationData?.Type ?? "" : job.Type.FullName!;
        var age = time.GetUtcNow().UtcDateTime - context.BackgroundJob.CreatedAt;
        if (age > Longest || (job is null && !TypeNames.CouldBeOurs(name)))
        {
            context.CandidateState =
                new FailedState(
                    new TypeLoadException(
                        $"'{name}' is no background job of this version."))
                { Reason = "No version that runs here has this job" };
            return;
        }
        var pause = TimeSpan.FromTicks(Math.Clamp((age / 4).Ticks, Shortest.Ticks, LongestPause.Ticks)) * (0.8
            + 0.4 * Random.Shared.NextDouble());
        context.CandidateState = new ScheduledState(
            pause)
        { Reason = $"This version has no job '{name}'; it waits for a worker that has it" };
    }
}
