namespace App.Engines.Schedules;

/// <summary>A page of schedules.</summary>
/// <param name="Schedules">By key.</param>
/// <param name="Next">Cursor of the next page; null at the end.</param>
internal sealed record SchedulePage(IReadOnlyList<ScheduleState> Schedules, string? Next);

/// <summary>A page of a schedule's history.</summary>
/// <param name="Runs">The last first.</param>
/// <param name="Next">Cursor of the next page; null at the end.</param>
internal sealed record ScheduleRunPage(IReadOnlyList<ScheduleRun> Runs, string? Next);

/// <summary>A schedule that was started by hand.</summary>
/// <param name="Key">The schedule.</param>
/// <param name="JobId">The job that does it.</param>
internal sealed record TriggeredSchedule(string Key, long JobId);
