using App.Platform.Observability;

namespace App.Engines.Schedules;

/// <summary>The part <c>schedules</c> of <c>/health</c>: of each its status, last run and next. Errors are told to admins alone.</summary>
internal sealed class SchedulesHealth(ScheduleRuns runs, ScheduleFiring firing)
{
    private const int Most = 200;

    /// <summary>Degraded while a schedule is overdue or its last run has failed.</summary>
    public async Task<PartHealth> CheckAsync(CancellationToken ct)
    {
        var now = await firing.NowAsync(ct);
        var states = (await runs.ReadAsync("", Most, null, ct)).Where(one => one.Schedule.Declared)
            .Select(one => ScheduleState.Of(one.Schedule, one.Last, now)).ToList();
        var faults = states.Where(state => state.Status is "overdue" or "failed").Select(state =>
            state.Status == "overdue" ? $"{state.Key} is overdue: no worker fires it." : $"The last run of {state.Key} failed.").ToList();
        var details = states.Select(state => new
        {
            state.Key,
            state.Status,
            LastRun = state.LastRun is { } last
                ? new { last.Status, last.ScheduledFor, last.StartedAt, last.FinishedAt, last.DurationMs } : null,
            state.NextRun,
        });
        return faults.Count == 0
            ? new PartHealth(HealthStatus.Up, Details: details)
            : new PartHealth(HealthStatus.Degraded, string.Join(" ", faults), details);
    }
}
