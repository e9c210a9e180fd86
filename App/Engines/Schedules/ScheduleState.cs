using App.Platform.Http;

namespace App.Engines.Schedules;

/// <summary>A schedule as the API and <c>/health</c> show it.</summary>
/// <param name="Key">Its name.</param>
/// <param name="Cron">When, on the clock of its zone.</param>
/// <param name="TimeZone">The zone.</param>
/// <param name="Description">What it does.</param>
/// <param name="JobKind">What it calls, such as <c>PruneFires.RunAsync</c>.</param>
/// <param name="Missed"><c>catchUpOnce</c> or <c>skip</c>.</param>
/// <param name="Overlap"><c>skip</c> or <c>queue</c>: what becomes of a fire while the job of an earlier one has not ended.</param>
/// <param name="Paused">Whether it is.</param>
/// <param name="Declared">False: the running version has no such schedule; it is kept for its history.</param>
/// <param name="Status"><c>up</c>, <c>paused</c>, <c>undeclared</c>, <c>failed</c> (its last run), <c>overdue</c> (no worker fires
/// it).</param>
/// <param name="LastRun">The last that was not skipped, or null.</param>
/// <param name="NextRun">The next planned instant; null: none, as when it is paused.</param>
/// <param name="NextFires">The next five.</param>
internal sealed record ScheduleState(
    string Key, string Cron, string TimeZone, string Description, string JobKind, MissedPolicy Missed, OverlapPolicy Overlap, bool Paused,
    bool Declared,
    [OneOf("up", "paused", "undeclared", "failed", "overdue")] string Status,
    ScheduleRun? LastRun, DateTime? NextRun, IReadOnlyList<DateTime> NextFires)
{
    private const int Ahead = 5;

    /// <summary>Of a row, at a time.</summary>
    public static ScheduleState Of(ScheduleRow row, ScheduleRun? last, DateTime now)
    {
        var fires = new List<DateTime>();
        var times = row.Fires ? row.Times() : null;
        for (var next = times?.Next(now); next is not null && fires.Count < Ahead; next = times!.Next(next.Value)) fires.Add(next.Value);
        var overdue = times?.Next(row.PlannedThrough) is { } settled && now - settled > DueFires.Late;
        var status = !row.Declared
            ? "undeclared" : row.Paused ? "paused" : overdue ? "overdue" : last?.Status == "failed" ? "failed" : "up";
        return new(row.Key, row.Cron, row.TimeZone, row.Description, row.Call.Name, row.Missed, row.Overlap, row.Paused, row.Declared,
            status, last, fires.Count > 0 ? fires[0] : null, fires);
    }
}
