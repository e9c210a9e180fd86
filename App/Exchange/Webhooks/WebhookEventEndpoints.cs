using App.Platform.Auth;
using App.Platform.Database;
using App.Platform.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace App.Exchange.Webhooks;

/// <summary>
/// <c>/api/webhook-events</c>: what providers have sent, and doing it again. They are the installation's, so the operator's alone.
/// </summary>
internal static class WebhookEventEndpoints
{
    private const string Id = "Number of the event.";

    /// <summary>Maps the calls.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        var events = routes.MapGroup("/api/webhook-events").WithTags("webhooks").RequireScope(Scopes.Admin);
        events.AddEndpointFilter(async (context, next) => context.HttpContext.User.IsOperator()
            ? await next(context)
            : Problems.Of(StatusCodes.Status403Forbidden, "Events are the operator's.",
                new FieldError("organization", context.HttpContext.User.Organization(),
                    $"use a key of the organization '{Scopes.OperatorsOrganization}'")));
        events.MapGet("", ListAsync).Pages()
            .Describe("listWebhookEvents", "Events of providers", "The newest first, without their bodies. The operator's alone.")
            .QueryParameter("provider", "Only events of this provider.")
            .QueryParameter("state", "Only events in this state.", WebhookEvent.States);
        events.MapGet("{id:long}", GetAsync).Refuses(404)
            .Describe("getWebhookEvent", "An event of a provider", "As it came. The operator's alone.").PathParameter("id", Id);
        events.MapPost("{id:long}/replay", ReplayAsync).Refuses(404)
            .Describe("replayWebhookEvent", "Process an event again", "What it did before is not done twice. The operator's alone.")
            .PathParameter("id", Id);
    }

    private static async Task<Results<Ok<WebhookEventPage>, ProblemHttpResult>> ListAsync(
        HttpRequest request, AppDbContext db, IEnumerable<IWebhookProvider> providers, CancellationToken ct)
    {
        var faults = new List<FieldError>();
        var limit = Paging.Limit(request, faults);
        var (provider, state) = (request.Query["provider"].ToString(), request.Query["state"].ToString());
        if (state.Length > 0 && !WebhookEvent.States.Contains(state))
            faults.Add(new FieldError("state", Problems.Shorten(state), $"use one of {string.Join(", ", WebhookEvent.States)}"));
        var names = providers.Select(one => one.Name).ToList();
        if (provider.Length > 0 && !names.Contains(provider))
            faults.Add(new FieldError("provider", Problems.Shorten(provider), $"use one of {string.Join(", ", names)}"));
        var before = long.MaxValue;
        if (Paging.Position(request, 1, faults) is { } position && !long.TryParse(position[0], out before))
            faults.Add(new FieldError("cursor", Problems.Shorten(request.Query["cursor"].ToString()),
                "give the 'next' of the page before, unchanged"));
        if (faults.Count > 0) return Problems.Unprocessable(faults);

        var wanted = db.Set<WebhookEvent>().AsNoTracking().Where(one => one.Id < before);
        if (provider.Length > 0) wanted = wanted.Where(one => one.Provider == provider);
        if (state.Length > 0) wanted = wanted.Where(one => one.State == state);
        // Without the bodies: a page of them could be a gigabyte.
        var found = await wanted.OrderByDescending(one => one.Id).Take(limit + 1)
            .Select(one =>
                new
                {
                    one.Id,
                    one.Provider,
                    one.Type,
                    one.State,
                    one.DedupeKey,
                    one.Repeats,
                    one.Attempts,
                    one.Outcome,
                    one.Error,
                    one.ReceivedAt,
                    one.ProcessedAt
                })
            .ToListAsync(ct);
        var page = found.Take(limit).Select(one => new WebhookEventAnswer(
            one.Id, one.Provider, one.Type, one.State, one.DedupeKey, one.Repeats, one.Attempts, one.Outcome, one.Error,
            one.ReceivedAt.UtcDateTime, one.ProcessedAt?.UtcDateTime));
        return TypedResults.Ok(new WebhookEventPage([.. page], found.Count > limit ? Paging.Cursor($"{found[limit - 1].Id}") : null));
    }

    private static async Task<Results<Ok<WebhookEventDetails>, ProblemHttpResult>> GetAsync(long id, AppDbContext db, CancellationToken ct)
    {
        if (await db.Set<WebhookEvent>().AsNoTracking().SingleOrDefaultAsync(one => one.Id == id, ct) is not { } found)
            return Problems.NotFound("event", $"{id}");
        return TypedResults.Ok(WebhookEventDetails.Of(found));
    }

    private static async Task<Results<Accepted<ReplayedEvent>, ProblemHttpResult>> ReplayAsync(
        long id, WebhookInbox inbox, ILoggerFactory logs, HttpContext context, CancellationToken ct)
    {
        if (await inbox.ReplayAsync(id, ct) is not { } job) return Problems.NotFound("event", $"{id}");
        logs.CreateLogger(typeof(WebhookEventEndpoints))
            .LogInformation("Webhook event {Id} is processed again for {Who}", id, context.User.Identity?.Name);
        return TypedResults.Accepted($"/api/webhook-events/{id}", new ReplayedEvent(id, WebhookEvent.Received, job));
    }
}
