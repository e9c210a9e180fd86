using App.Platform.Auth;
using App.Platform.Database;
using App.Platform.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace App.Engines.Schedules;

/// <summary>Schedules over HTTP: list, history, fire by hand, pause, resume.</summary>
internal static class ScheduleEndpoints
{
    private const string Key = "The schedule's key, such as `reports.daily`.";

    /// <summary>Maps the calls.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        var schedules = routes.MapGroup("/api/schedules").WithTags("schedules");
        schedules.MapGet("", ListAsync).RequireScope(Scopes.Read).Pages()
            .Describe("listSchedules", "Schedules", "With their last run and their next times, by key.");
        schedules.MapGet("/{key}/runs", HistoryAsync).RequireScope(Scopes.Read).Pages().Refuses(404)
            .Describe("listScheduleRuns", "History of a schedule", "Its fires and what became of them, the last first.")
            .PathParameter("key", Key);
        schedules.MapPost("/{key}/trigger", TriggerAsync).RequireScope(Scopes.Admin).Refuses(404, 409)
            .Describe("triggerSchedule", "Start a schedule's job now", "Its planned times stay as they are.").PathParameter("key", Key);
        schedules.MapPost("/{key}/pause", (string key, Postgres postgres, ScheduleRuns runs, ScheduleFiring firing, CancellationToken ct) =>
            SteerAsync("update schedules set paused = true where key = $1", key, postgres, runs, firing, ct))
            .RequireScope(Scopes.Admin).Refuses(404)
            .Describe("pauseSchedule", "Pause a schedule", "Nothing is started until it is resumed.").PathParameter("key", Key);
        // What fell due during the pause was not missed: it was not wanted.
        schedules.MapPost("/{key}/resume",
            (string key, Postgres postgres, ScheduleRuns runs, ScheduleFiring firing, CancellationToken ct) =>
            SteerAsync(
                "update schedules set paused = false, planned_through = case when paused then clock_timestamp() else planned_through end "
                + "where key = $1", key, postgres, runs, firing, ct))
            .RequireScope(Scopes.Admin).Refuses(404)
            .Describe("resumeSchedule", "Resume a schedule", "What fell due during the pause is not caught up.").PathParameter("key", Key);
    }

    private static async Task<Results<Ok<SchedulePage>, ProblemHttpResult>> ListAsync(
        HttpRequest request, ScheduleRuns runs, ScheduleFiring firing, CancellationToken ct)
    {
        var faults = new List<FieldError>();
        var limit = Paging.Limit(request, faults);
        var after = Paging.Position(request, 1, faults);
        if (faults.Count > 0) return Problems.Unprocessable(faults);
        var found = await runs.ReadAsync(after?[0] ?? "", limit + 1, null, ct);
        var now = await firing.NowAsync(ct);
        var page = found.Take(limit).Select(one => ScheduleState.Of(one.Schedule, one.Last, now)).ToList();
        return TypedResults.Ok(new SchedulePage(page, found.Count > limit ? Paging.Cursor(page[^1].Key) : null));
    }

    private static async Task<Results<Ok<ScheduleRunPage>, ProblemHttpResult>> HistoryAsync(
        string key, HttpRequest request, ScheduleRuns runs, CancellationToken ct)
    {
        var faults = new List<FieldError>();
        var limit = Paging.Limit(request, faults);
        var position = Paging.Position(request, 1, faults);
        var before = long.MaxValue;
        if (position is not null && !long.TryParse(position[0], out before))
            faults.Add(new FieldError("cursor", request.Query["cursor"], "give the 'next' of the page before, unchanged"));
        if (faults.Count > 0) return Problems.Unprocessable(faults);
        if ((await runs.ReadAsync("", 1, key, ct)).Count == 0) return Problems.NotFound("schedule", key);
        var found = await runs.HistoryAsync(key, before, limit + 1, ct);
        var page = found.Take(limit).ToList();
        return TypedResults.Ok(new ScheduleRunPage(page, found.Count > limit ? Paging.Cursor($"{page[^1].Id}") : null));
    }

    private static async Task<Results<Accepted<TriggeredSchedule>, ProblemHttpResult>> TriggerAsync(
        string key, ScheduleRuns runs, ScheduleFiring firing, CancellationToken ct)
    {
        try
        {
            if (await firing.TriggerAsync(key, ct) is { } job)
                return TypedResults.Accepted($"/hangfire/jobs/details/{job}", new TriggeredSchedule(key, null, job));
        }
        catch (ArgumentException e)
        {
            return Problems.Of(StatusCodes.Status409Conflict, "The schedule is of another version than this process, which cannot run it.",
                new FieldError("key", key, e.Message));
        }
        return (await runs.ReadAsync("", 1, key, ct)).Count == 0
            ? Problems.NotFound("schedule", key)
            : Problems.Of(StatusCodes.Status409Conflict, "The running version does not declare this schedule any more.",
                new FieldError("key", key, "choose one whose 'declared' is true"));
    }

    private static async Task<Results<Ok<ScheduleState>, ProblemHttpResult>> SteerAsync(
        string sql, string key, Postgres postgres, ScheduleRuns runs, ScheduleFiring firing, CancellationToken ct)
    {
        await using var command = postgres.Source.CreateCommand(sql);
        command.Parameters.Add(new() { Value = key });
        if (await command.ExecuteNonQueryAsync(ct) == 0) return Problems.NotFound("schedule", key);
        var (schedule, last) = (await runs.ReadAsync("", 1, key, ct))[0];
        return TypedResults.Ok(ScheduleState.Of(schedule, last, await firing.NowAsync(ct)));
    }
}
