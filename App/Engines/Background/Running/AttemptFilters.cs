using Hangfire;
using Hangfire.Common;

namespace App.Engines.Background.Running;

/// <summary>
/// Hangfire's filters for a job: its statistics, its retries as its class says, and what becomes of jobs of another version.
/// </summary>
internal sealed class AttemptFilters : IJobFilterProvider
{
    private const int BeforeRetries = 10;
    private readonly List<JobFilter> always;
    private readonly Dictionary<Type, JobFilter> retries;

    /// <summary>Filters of this application, and of no other in this process.</summary>
    public AttemptFilters(BackgroundJobTypes types, UnknownJobs unknown)
    {
        always = [Filter(new StatisticsHistoryAttribute()), Filter(new ContinuationsSupportAttribute()), Filter(unknown, BeforeRetries)];
        retries = types.All.ToDictionary(type => type.Type, type =>
            Filter(new AutomaticRetryAttribute
            {
                Attempts = type.Retries,
                DelayInSecondsByAttemptFunc = type.DelaySeconds,
                LogEvents = false
            }));
    }

    /// <inheritdoc/>
    public IEnumerable<JobFilter> GetFilters(Job? job) =>
        job is not null && retries.TryGetValue(job.Type, out var retry) ? [.. always, retry] : always;

    private static JobFilter Filter(object filter, int? order = null) => new(filter, JobFilterScope.Global, order);
}
