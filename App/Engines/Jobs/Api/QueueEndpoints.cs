using System.Security.Claims;
using App.Platform.Auth;
using App.Platform.Database;
using App.Platform.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace App.Engines.Jobs.Api;

/// <summary><c>/api/queues</c> and <c>/api/job-workers</c>: what waits where, and who works on it.</summary>
internal sealed class QueueEndpoints(Postgres postgres, JobFigures figures, ILogger<QueueEndpoints> log)
{
    private const int LongestName = 128;
    private const string Name = "Name of the queue.";

    /// <summary>Maps them.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api").WithTags("jobs");
        api.MapGet("/queues", async (ClaimsPrincipal user, CancellationToken ct) =>
            TypedResults.Ok(new QueueList(
                [.. (await figures.QueuesAsync(user, ct)).Select(QueueAnswer.Of)], null))).RequireScope(Scopes.Read)
            .Describe("listQueues", "Queues", "Those that have jobs or are paused, with the jobs that the key may see.");
        api.MapGet("/job-workers", async (ClaimsPrincipal user, CancellationToken ct) =>
            TypedResults.Ok(new WorkerList(await figures.WorkersAsync(user, ct), null))).RequireScope(Scopes.Read)
            .Describe("listJobWorkers", "Workers", "With the jobs that they have in hand, as far as the key may see them.");
        api.MapPost(
            "/queues/{name}/pause",
            (string name, ClaimsPrincipal user, CancellationToken ct) => PauseAsync(name, true, user, ct)).RequireScope(Scopes.Admin)
            .Refuses(422)
            .Describe("pauseQueue", "Pause a queue",
                "None of its jobs are claimed until it is resumed; what runs goes on. The operator's alone.")
            .PathParameter("name", Name);
        api.MapPost(
            "/queues/{name}/resume",
            (string name, ClaimsPrincipal user, CancellationToken ct) => PauseAsync(name, false, user, ct)).RequireScope(Scopes.Admin)
            .Refuses(422)
            .Describe("resumeQueue", "Resume a queue", "The operator's alone.").PathParameter("name", Name);
    }

    // A queue is shared by all organizations, so only the operator stops it.
    private async Task<Results<Ok<PausedQueue>, ProblemHttpResult>> PauseAsync(
        string name, bool pause, ClaimsPrincipal user, CancellationToken ct)
    {
        if (!user.IsOperator())
            return Problems.Of(StatusCodes.Status403Forbidden, "Queues are shared by all organizations.",
                new FieldError("name", Problems.Shorten(name), "ask the operator to pause or resume it"));
        if (name.Length > LongestName || name.Any(char.IsControl))
            return Problems.Unprocessable(new FieldError("name", Problems.Shorten(name),
                $"give at most {LongestName} characters without control characters"));
        await using var command = postgres.Source.CreateCommand("""
            with changed as (
                insert into job_queues (name, paused_at) values ($1, case when $2 then clock_timestamp() end)
                on conflict (name) do update set paused_at = case when $2 then coalesce(job_queues.paused_at, excluded.paused_at) end
                returning paused_at)
            select paused_at from changed, pg_notify($3, '')
            """);
        command.Parameters.Add(new() { Value = name });
        command.Parameters.Add(new() { Value = pause });
        command.Parameters.Add(new() { Value = JobOptions.Channel });
        var pausedAt = await command.ExecuteScalarAsync(ct) as DateTime?;
        log.LogInformation("{What:l} queue {Queue} for {Who}", pause ? "Paused" : "Resumed", name, user.Identity?.Name);
        return TypedResults.Ok(new PausedQueue(name, pause, pausedAt));
    }
}
