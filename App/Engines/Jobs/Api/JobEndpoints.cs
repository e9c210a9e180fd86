using System.Security.Claims;
using App.Platform.Auth;
using App.Platform.Http;

namespace App.Engines.Jobs.Api;

/// <summary><c>/api/jobs</c>: finding jobs, looking at one, and steering one or many.</summary>
internal sealed class JobEndpoints(JobSearch search, JobReader reader, JobSteering steering, JobQueue queue, JobFigures figures, ILogger<JobEndpoints> log)
{
    /// <summary>Maps them.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        var jobs = routes.MapGroup("/api/jobs").WithTags("jobs");
        jobs.MapGet("", ListAsync).RequireScope(Scopes.Read);
        jobs.MapGet("/overview", async (ClaimsPrincipal user, CancellationToken ct) => TypedResults.Ok(await figures.OverviewAsync(user, ct))).RequireScope(Scopes.Read);
        jobs.MapGet("/{id:long}", async (long id, ClaimsPrincipal user, CancellationToken ct) =>
            await ReadAsync(id, user, ct) is { } job ? TypedResults.Ok(job) : (IResult)NotFound(id)).RequireScope(Scopes.Read);
        jobs.MapPost("/{id:long}/retry", RetryAsync).RequireScope(Scopes.Write);
        jobs.MapPost("/{id:long}/cancel", CancelAsync).RequireScope(Scopes.Write);
        jobs.MapDelete("/{id:long}", DeleteAsync).RequireScope(Scopes.Write);
        jobs.MapPost("/redrive", (JobFilter filter, ClaimsPrincipal user, CancellationToken ct) =>
            ManyAsync(filter with { State = filter.State ?? "dead" }, ["dead", "cancelled", "scheduled"], user, "Queued {Count} jobs again for {Who}: {Filter}",
                async meant => new { redriven = await steering.RedriveAsync(meant, ct) }, answer => answer.redriven)).RequireScope(Scopes.Write);
        jobs.MapPost("/cancel", (JobFilter filter, ClaimsPrincipal user, CancellationToken ct) =>
            ManyAsync(filter, ["queued", "scheduled", "waiting", "running"], user, "Cancelled {Count} jobs for {Who}: {Filter}",
                async meant => new { cancelled = await steering.CancelAsync(meant, ct) }, answer => answer.cancelled)).RequireScope(Scopes.Write);
    }

    private async Task<IResult> ListAsync(HttpRequest request, ClaimsPrincipal user, CancellationToken ct)
    {
        var faults = new List<FieldError>();
        var limit = Paging.Limit(request, faults);
        long below = 0;
        var position = Paging.Position(request, 1, faults);
        if (position is not null && !long.TryParse(position[0], out below)) faults.Add(new("cursor", null, "give the 'next' of the page before, unchanged"));
        var filter = JobFilter.Read(request, faults);
        filter.Check(faults);
        if (faults.Count > 0) return Problems.Unprocessable(faults);
        var page = await search.FindAsync(filter.For(user), position is null ? null : below, limit, ct);
        return TypedResults.Ok(new { jobs = page.Jobs, next = page.Next is { } next ? Paging.Cursor(next.ToString()) : null });
    }

    private async Task<IResult> RetryAsync(long id, ClaimsPrincipal user, CancellationToken ct)
    {
        if (await ReadAsync(id, user, ct) is not { } job) return NotFound(id);
        if (await queue.RedriveAsync([id], ct) > 0)
        {
            log.LogInformation("Queued job {Id} ({Kind}) again for {Who}", id, job.Kind, user.Identity?.Name);
            return TypedResults.Accepted((string?)null, new { id, state = "queued" });
        }
        return Conflict(job.State, job.State switch
        {
            JobFilter.Succeeded => "it has succeeded; to do it again, enqueue a new job with its arguments",
            "running" => "wait until it has ended, or cancel it first",
            _ => "it is in the line already and needs no retry",
        });
    }

    private async Task<IResult> CancelAsync(long id, ClaimsPrincipal user, CancellationToken ct)
    {
        if (await ReadAsync(id, user, ct) is not { } job) return NotFound(id);
        if (!await queue.CancelAsync(id, ct)) return Conflict(job.State, "it has ended, and there is nothing left to cancel");
        log.LogInformation("Cancelled job {Id} ({Kind}) for {Who}", id, job.Kind, user.Identity?.Name);
        return TypedResults.Accepted((string?)null, new { id, state = job.State == "running" ? "running" : "cancelled", cancelRequested = true });
    }

    private async Task<IResult> DeleteAsync(long id, ClaimsPrincipal user, CancellationToken ct)
    {
        if (await ReadAsync(id, user, ct) is not { } job) return NotFound(id);
        if (!await reader.DeleteAsync(id, ct)) return Conflict(job.State, "cancel it first, and delete it once it has ended");
        log.LogInformation("Deleted job {Id} ({Kind}) for {Who}", id, job.Kind, user.Identity?.Name);
        return TypedResults.NoContent();
    }

    private async Task<IResult> ManyAsync<T>(JobFilter filter, string[] states, ClaimsPrincipal user, string message, Func<JobFilter, Task<T>> act, Func<T, long> count)
    {
        var faults = new List<FieldError>();
        if (filter.IsEmpty) faults.Add(new("state", null, $"say which jobs are meant, at least their state: {string.Join(", ", states)}"));
        if (filter.State is not null && !states.Contains(filter.State)) faults.Add(new("state", Problems.Shorten(filter.State), $"give one of {string.Join(", ", states)}"));
        filter.Check(faults);
        if (faults.Count > 0) return Problems.Unprocessable(faults);
        var meant = filter.For(user);
        var answer = await act(meant);
#pragma warning disable CA2254 // One of the two above.
        log.LogInformation(message, count(answer), user.Identity?.Name, meant);
#pragma warning restore CA2254
        return TypedResults.Ok(answer);
    }

    private Task<JobDetails?> ReadAsync(long id, ClaimsPrincipal user, CancellationToken ct) =>
        reader.ReadAsync(id, user.IsOperator() ? null : user.Organization(), ct);

    private static IResult NotFound(long id) => Problems.NotFound("job", id.ToString());

    private static IResult Conflict(string state, string cure) =>
        Problems.Of(StatusCodes.Status409Conflict, $"The job is {state}.", new FieldError("state", state, cure));
}
