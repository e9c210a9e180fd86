using System.Text.Json;
using App.Platform.Auth;
using App.Platform.Database;
using App.Platform.Http;
using App.Runs.Execution;
using App.Runs.Handlers;
using App.Runs.Plans;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;

namespace App.Runs;

/// <summary>Runs over HTTP: send a plan, look, cancel, retry, approve.</summary>
internal static class RunEndpoints
{
    private const int MostKeyCharacters = 255;
    private const int MostComment = 10_000;
    private const string Id = "The run's id.";

    /// <summary>Maps the calls.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        var runs = routes.MapGroup("/api/runs").WithTags("runs");
        runs.MapPost("", CreateAsync).RequireScope(Scopes.Write).WithMetadata(new RequestSizeLimitAttribute(PlanLimits.BodyBytes))
            .Takes<RunRequest>().Idempotent().Refuses(409)
            .Describe("createRun", "Start a run",
                "The whole plan is checked before anything is stored: names, handlers and their inputs, dependencies, references.");
        runs.MapGet("", ListAsync).RequireScope(Scopes.Read).Pages().QueryParameter("status", "Only runs in this status.", RunState.OfRuns)
            .Describe("listRuns", "Runs", "The newest first.");
        runs.MapGet("{id}", GetAsync).RequireScope(Scopes.Read).Refuses(404)
            .Describe("getRun", "A run", "With its steps, their outputs and attempts. Inputs are not answered: they may hold credentials.")
            .PathParameter("id", Id);
        runs.MapPost("{id}/cancel", CancelAsync).RequireScope(Scopes.Write).Refuses(404, 409)
            .Describe("cancelRun", "Cancel a run", "Steps that run are told to stop; no other begins.").PathParameter("id", Id);
        runs.MapPost("{id}/retry", RetryAsync).RequireScope(Scopes.Write).Refuses(404, 409)
            .Describe("retryRun", "Go on with a run that has failed", "Steps that have succeeded keep their outputs.")
            .PathParameter("id", Id);
        runs.MapPost("{id}/steps/{name}/approve", ApproveAsync).RequireScope(Scopes.Write)
            .WithMetadata(new RequestSizeLimitAttribute(1 << 20))
            .Takes<ApprovalRequest>().Refuses(404, 409)
            .Describe("approveStep", "Answer a step that waits for a person").PathParameter("id", Id)
            .PathParameter("name", "Name of the step.");
    }

    /// <summary>A run of the caller's organization, or null.</summary>
    public static async Task<Run?> FindAsync(AppDbContext db, HttpContext context, string id, CancellationToken ct)
    {
        var organization = context.User.Organization();
        return Guid.TryParse(id, out var run)
            ? await db.Set<Run>().AsNoTracking().SingleOrDefaultAsync(r => r.Id == run && r.Organization == organization, ct)
            : null;
    }

    private static async Task<Results<Created<RunStanding>, ProblemHttpResult>> CreateAsync(
        HttpContext context, PlanParser parser, RunStore runs, CancellationToken ct)
    {
        var (body, problem) = await JsonBody.ReadAsync(context.Request, ct);
        if (problem is not null) return problem;
        var key = context.Request.Headers["Idempotency-Key"] is { Count: > 0 } sent ? sent.ToString() : null;
        if (key is not null && (key.Length is 0 or > MostKeyCharacters || key.Any(c => c is < ' ' or > '~')))
            return Problems.Unprocessable(new FieldError("Idempotency-Key", Problems.Shorten(key),
                $"send 1 to {MostKeyCharacters} printable ASCII characters"));
        if (parser.Parse(body, out var faults) is not { } plan) return Problems.Unprocessable(faults);

        var receipt = await runs.CreateAsync(context.User.Organization(), plan, key is null ? null : (key, StrictJson.HashOf(body)), ct);
        return receipt.Kind switch
        {
            RunReceiptKind.InFlight => Problems.Of(StatusCodes.Status409Conflict, "A request with this Idempotency-Key is in flight.",
                new FieldError("Idempotency-Key", Problems.Shorten(key!), "wait for its answer, or send the request again after a second")),
            RunReceiptKind.OtherPayload => Problems.Unprocessable(
                new FieldError("Idempotency-Key", Problems.Shorten(key!),
                    $"use another key: this one was sent with another payload and made run {receipt.Id}")),
            _ => TypedResults.Created($"/api/runs/{receipt.Id}", new RunStanding(receipt.Id, receipt.Status)),
        };
    }

    private static async Task<Results<Ok<RunPage>, ProblemHttpResult>> ListAsync(HttpContext context, AppDbContext db, CancellationToken ct)
    {
        var faults = new List<FieldError>();
        var limit = Paging.Limit(context.Request, faults);
        var status = context.Request.Query["status"].ToString();
        if (status.Length > 0 && !RunState.OfRuns.Contains(status))
            faults.Add(new FieldError("status", Problems.Shorten(status), $"use one of {string.Join(", ", RunState.OfRuns)}"));
        var before = Guid.AllBitsSet;
        if (Paging.Position(context.Request, 1, faults) is { } position && !Guid.TryParse(position[0], out before))
            faults.Add(new FieldError("cursor", Problems.Shorten(context.Request.Query["cursor"].ToString()),
                "give the 'next' of the page before, unchanged"));
        if (faults.Count > 0) return Problems.Unprocessable(faults);

        var organization = context.User.Organization();
        var found = await db.Set<Run>().AsNoTracking()
            .Where(run => run.Organization == organization && run.Id < before && (status == "" || run.Status == status))
            .OrderByDescending(run => run.Id).Take(limit + 1).ToListAsync(ct);
        var page = found.Take(limit).ToList();
        var ids = page.ConvertAll(run => run.Id);
        var counts = (await db.Set<RunStep>().AsNoTracking().Where(step => ids.Contains(step.RunId))
            .GroupBy(step => new { step.RunId, step.Status })
            .Select(group => new { group.Key.RunId, group.Key.Status, Count = group.Count() }).ToListAsync(ct))
            .ToLookup(count => count.RunId);
        return TypedResults.Ok(new RunPage(
            page.ConvertAll(run => RunAnswer.Of(run, counts[run.Id].ToDictionary(count => count.Status, count => count.Count))),
            found.Count > limit ? Paging.Cursor(page[^1].Id.ToString()) : null));
    }

    private static async Task<Results<Ok<RunDetails>, ProblemHttpResult>> GetAsync(
        string id, HttpContext context, AppDbContext db, CancellationToken ct)
    {
        if (await FindAsync(db, context, id, ct) is not { } run) return Problems.NotFound("run", id);
        var attempts =
            (await db.Set<RunAttempt>()
                .AsNoTracking().Where(attempt => attempt.RunId == run.Id).OrderBy(attempt => attempt.Number).ToListAsync(ct))
            .ToLookup(attempt => attempt.Step);
        // One after the other: a thousand outputs are more than should be in memory together.
        var steps = db.Set<RunStep>().AsNoTracking().Where(step => step.RunId == run.Id).OrderBy(step => step.Position).AsAsyncEnumerable();
        return TypedResults.Ok(RunDetails.Of(run, steps.Select(step => RunStepAnswer.Of(step, attempts[step.Name]))));
    }

    private static async Task<Results<Ok<RunStanding>, ProblemHttpResult>> CancelAsync(
        string id, HttpContext context, RunActions actions, CancellationToken ct)
    {
        if (!Guid.TryParse(id, out var run) || await actions.CancelAsync(run, context.User.Organization(), ct) is not { } status)
            return Problems.NotFound("run", id);
        return status == RunState.Cancelled
            ? TypedResults.Ok(new RunStanding(run, status))
            : Problems.Of(StatusCodes.Status409Conflict, "The run has ended.",
                new FieldError("status", status, "cancel runs that are pending or running"));
    }

    private static async Task<Results<Ok<RunStanding>, ProblemHttpResult>> RetryAsync(
        string id, HttpContext context, RunActions actions, CancellationToken ct)
    {
        if (!Guid.TryParse(id, out var run) || await actions.RetryAsync(run, context.User.Organization(), ct) is not { } result)
            return Problems.NotFound("run", id);
        return result.Done
            ? TypedResults.Ok(new RunStanding(run, result.Status))
            : Problems.Of(StatusCodes.Status409Conflict, "The run has not failed.",
                new FieldError("status", result.Status, "retry runs that have failed"));
    }

    private static async Task<Results<Ok<ApprovalAnswer>, ProblemHttpResult>> ApproveAsync(
        string id, string name, HttpContext context, AppDbContext db, RunActions actions, TimeProvider time, CancellationToken ct)
    {
        var (body, problem) = await JsonBody.ReadAsync(context.Request, ct);
        if (problem is not null) return problem;
        var faults = new List<FieldError>();
        var fields = new JsonFields(body, "", faults);
        fields.Only("approved", "comment");
        if (fields.Find("approved") is null) fields.Fault("approved", null, "give true or false");
        var approved = fields.Flag("approved", false);
        var comment = fields.Text("comment", required: false) ?? "";
        if (comment.Length > MostComment) fields.Fault("comment", comment, $"use at most {MostComment:N0} characters");
        if (faults.Count > 0) return Problems.Unprocessable(faults);

        if (await FindAsync(db, context, id, ct) is not { } run) return Problems.NotFound("run", id);
        if (!PlanLimits.IsName(name)
            || await db.Set<RunStep>()
                .AsNoTracking().SingleOrDefaultAsync(step => step.RunId == run.Id && step.Name == name, ct) is not { } step)
            return Problems.NotFound("step", name);
        var by = context.User.Identity?.Name ?? "";
        var output = approved
            ? JsonSerializer.Serialize(new { approved, comment, by, at = time.GetUtcNow().UtcDateTime }, JsonSerializerOptions.Web) : null;
        var error = approved ? null : $"Not approved{(comment.Length > 0 ? ": " + comment : ".")}";
        return await actions.EndWaitAsync(run.Id, run.Organization, name, HumanApprovalStep.HandlerName, output, error, ct)
            ? TypedResults.Ok(new ApprovalAnswer(run.Id, name, approved))
            : Problems.Of(StatusCodes.Status409Conflict, "The step does not wait for an approval.",
                new FieldError("step", name,
                    $"approve steps of {HumanApprovalStep.HandlerName} while they wait; "
                    + $"when it was read, this one was {step.Status} with handler {step.Handler}"));
    }
}
