using System.Security.Claims;
using App.Platform.Auth;
using App.Platform.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace App.Engines.Jobs.Api;

/// <summary><c>/api/jobs</c>: finding jobs, looking at one, and steering one or many.</summary>
internal sealed class JobEndpoints(JobSearch search, JobReader reader, JobSteering steering, JobQueue queue, JobFigures figures,
    ILogger<JobEndpoints> log)
{
    private const string Id = "Number of the job.";

    /// <summary>Maps them.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        var jobs = routes.MapGroup("/api/jobs").WithTags("jobs");
        JobFilter.DescribeParameters(jobs.MapGet("", ListAsync).RequireScope(Scopes.Read).Pages())
            .Describe("listJobs", "Find jobs",
                "The newest first. A page that is short, or empty, may still have a `next`: the search goes on there.");
        jobs.MapGet("/overview", async (ClaimsPrincipal user, CancellationToken ct) =>
            TypedResults.Ok(await figures.OverviewAsync(user, ct))).RequireScope(Scopes.Read)
            .Describe("getJobsOverview", "How the queue does",
                "Jobs by state; for the operator also what has ended in the last hour and day.");
        jobs.MapGet("/{id:long}", GetAsync).RequireScope(Scopes.Read).Refuses(404)
            .Describe("getJob", "A job", "With its arguments, result, errors and log.").PathParameter("id", Id);
        jobs.MapPost("/{id:long}/retry", RetryAsync).RequireScope(Scopes.Write).Refuses(404, 409)
            .Describe("retryJob", "Queue a job again", "One that is dead, cancelled or waits for its time, with all its attempts.")
            .PathParameter("id", Id);
        jobs.MapPost("/{id:long}/cancel", CancelAsync).RequireScope(Scopes.Write).Refuses(404, 409)
            .Describe("cancelJob", "Cancel a job", "One that runs is told to stop; its `state` is `running` until it has.")
            .PathParameter("id", Id);
        jobs.MapDelete("/{id:long}", DeleteAsync).RequireScope(Scopes.Write).Refuses(404, 409)
            .Describe("deleteJob", "Delete a job that has ended", "With its log and its unique key.").PathParameter("id", Id);
        jobs.MapPost("/redrive", (JobFilter filter, ClaimsPrincipal user, CancellationToken ct) =>
            ManyAsync(filter with { State = filter.State ?? "dead" }, ["dead", "cancelled", "scheduled"], user,
                "Queued {Count} jobs again for {Who}: {Filter}",
                async meant => new RedrivenJobs(await steering.RedriveAsync(meant, ct)), answer => answer.Redriven))
            .RequireScope(Scopes.Write)
            .Describe("redriveJobs", "Queue many jobs again",
                "Those that the filter means: dead ones, unless it says `cancelled` or `scheduled`.");
        jobs.MapPost("/cancel", (JobFilter filter, ClaimsPrincipal user, CancellationToken ct) =>
            ManyAsync(filter, ["queued", "scheduled", "waiting", "running"], user, "Cancelled {Count} jobs for {Who}: {Filter}",
                async meant => new CancelledJobs(await steering.CancelAsync(meant, ct)), answer => answer.Cancelled))
            .RequireScope(Scopes.Write)
            .Describe("cancelJobs", "Cancel many jobs", "Those that the filter means; those that run are told to stop.");
    }

    private async Task<Results<Ok<JobPage>, ProblemHttpResult>> ListAsync(HttpRequest request, ClaimsPrincipal user, CancellationToken ct)
    {
        var faults = new List<FieldError>();
        var limit = Paging.Limit(request, faults);
        long below = 0;
        var position = Paging.Position(request, 1, faults);
        if (position is not null && !long.TryParse(position[0], out below))
            faults.Add(new("cursor", null, "give the 'next' of the page before, unchanged"));
        var filter = JobFilter.Read(request, faults);
        filter.Check(faults);
        if (faults.Count > 0) return Problems.Unprocessable(faults);
        var page = await search.FindAsync(filter.For(user), position is null ? null : below, limit, ct);
        return TypedResults.Ok(new JobPage(page.Jobs, page.Next is { } next ? Paging.Cursor(next.ToString()) : null));
    }

    private async Task<Results<Ok<JobDetails>, ProblemHttpResult>> GetAsync(long id, ClaimsPrincipal user, CancellationToken ct) =>
        await ReadAsync(id, user, ct) is { } job ? TypedResults.Ok(job) : NotFound(id);

    private async Task<Results<Accepted<SteeredJob>, ProblemHttpResult>> RetryAsync(long id, ClaimsPrincipal user, CancellationToken ct)
    {
        if (await ReadAsync(id, user, ct) is not { } job) return NotFound(id);
        if (await queue.RedriveAsync([id], ct) > 0)
        {
            log.LogInformation("Queued job {Id} ({Kind}) again for {Who}", id, job.Kind, user.Identity?.Name);
            return TypedResults.Accepted((string?)null, new SteeredJob(id, "queued"));
        }
        return Conflict(job.State, job.State switch
        {
            JobFilter.Succeeded => "it has succeeded; to do it again, enqueue a new job with its arguments",
            "running" => "wait until it has ended, or cancel it first",
            _ => "it is in the line already and needs no retry",
        });
    }

    private async Task<Results<Accepted<CancelledJob>, ProblemHttpResult>> CancelAsync(long id, ClaimsPrincipal user, CancellationToken ct)
    {
        if (await ReadAsync(id, user, ct) is not { } job) return NotFound(id);
        if (!await queue.CancelAsync(id, ct)) return Conflict(job.State, "it has ended, and there is nothing left to cancel");
        log.LogInformation("Cancelled job {Id} ({Kind}) for {Who}", id, job.Kind, user.Identity?.Name);
        return TypedResults.Accepted(
            (string?)null, new CancelledJob(id, job.State == "running" ? "running" : "cancelled", CancelRequested: true));
    }

    private async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(long id, ClaimsPrincipal user, CancellationToken ct)
    {
        if (await ReadAsync(id, user, ct) is not { } job) return NotFound(id);
        if (!await reader.DeleteAsync(id, ct)) return Conflict(job.State, "cancel it first, and delete it once it has ended");
        log.LogInformation("Deleted job {Id} ({Kind}) for {Who}", id, job.Kind, user.Identity?.Name);
        return TypedResults.NoContent();
    }

    private async Task<Results<Ok<T>, ProblemHttpResult>> ManyAsync<T>(
        JobFilter filter, string[] states, ClaimsPrincipal user, string message, Func<JobFilter, Task<T>> act, Func<T, long> count)
    {
        var faults = new List<FieldError>();
        if (filter.IsEmpty) faults.Add(new("state", null, $"say which jobs are meant, at least their state: {string.Join(", ", states)}"));
        if (filter.State is not null && !states.Contains(filter.State))
            faults.Add(new("state", Problems.Shorten(filter.State), $"give one of {string.Join(", ", states)}"));
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

    private static ProblemHttpResult NotFound(long id) => Problems.NotFound("job", id.ToString());

    private static ProblemHttpResult Conflict(string state, string cure) =>
        Problems.Of(StatusCodes.Status409Conflict, $"The job is {state}.", new FieldError("state", state, cure));
}
