using System.Text;
using System.Text.Json;
using App.Platform.Auth;
using App.Platform.Database;
using App.Platform.Http;
using Microsoft.EntityFrameworkCore;

namespace App.Exchange.Webhooks;

/// <summary><c>/api/webhook-events</c>: what providers have sent, and doing it again. They are the installation's, so the operator's alone.</summary>
internal static class WebhookEventEndpoints
{
    /// <summary>Maps the calls.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        var events = routes.MapGroup("/api/webhook-events").WithTags("webhooks").RequireScope(Scopes.Admin);
        events.AddEndpointFilter(async (context, next) => context.HttpContext.User.IsOperator()
            ? await next(context)
            : Problems.Of(StatusCodes.Status403Forbidden, "Events are the operator's.", new FieldError("organization", context.HttpContext.User.Organization(), $"use a key of the organization '{Scopes.OperatorsOrganization}'")));
        events.MapGet("", ListAsync);
        events.MapGet("{id:long}", GetAsync);
        events.MapPost("{id:long}/replay", ReplayAsync);
    }

    private static async Task<IResult> ListAsync(HttpRequest request, AppDbContext db, IEnumerable<IWebhookProvider> providers, CancellationToken ct)
    {
        var faults = new List<FieldError>();
        var limit = Paging.Limit(request, faults);
        var (provider, state) = (request.Query["provider"].ToString(), request.Query["state"].ToString());
        if (state.Length > 0 && !WebhookEvent.States.Contains(state)) faults.Add(new FieldError("state", Problems.Shorten(state), $"use one of {string.Join(", ", WebhookEvent.States)}"));
        var names = providers.Select(one => one.Name).ToList();
        if (provider.Length > 0 && !names.Contains(provider)) faults.Add(new FieldError("provider", Problems.Shorten(provider), $"use one of {string.Join(", ", names)}"));
        var before = long.MaxValue;
        if (Paging.Position(request, 1, faults) is { } position && !long.TryParse(position[0], out before))
            faults.Add(new FieldError("cursor", Problems.Shorten(request.Query["cursor"].ToString()), "give the 'next' of the page before, unchanged"));
        if (faults.Count > 0) return Problems.Unprocessable(faults);

        var wanted = db.Set<WebhookEvent>().AsNoTracking().Where(one => one.Id < before);
        if (provider.Length > 0) wanted = wanted.Where(one => one.Provider == provider);
        if (state.Length > 0) wanted = wanted.Where(one => one.State == state);
        // Without the bodies: a page of them could be a gigabyte.
        var found = await wanted.OrderByDescending(one => one.Id).Take(limit + 1)
            .Select(one => new { one.Id, one.Provider, one.Type, one.State, one.DedupeKey, one.Repeats, one.Attempts, one.Outcome, one.Error, one.ReceivedAt, one.ProcessedAt })
            .ToListAsync(ct);
        var page = found.Take(limit).Select(one => new
        {
            one.Id,
            one.Provider,
            one.Type,
            one.State,
            key = one.DedupeKey,
            one.Repeats,
            one.Attempts,
            one.Outcome,
            one.Error,
            receivedAt = one.ReceivedAt.UtcDateTime,
            processedAt = one.ProcessedAt?.UtcDateTime,
        });
        return TypedResults.Ok(new { events = page, next = found.Count > limit ? Paging.Cursor($"{found[limit - 1].Id}") : null });
    }

    private static async Task<IResult> GetAsync(long id, AppDbContext db, CancellationToken ct)
    {
        if (await db.Set<WebhookEvent>().AsNoTracking().SingleOrDefaultAsync(one => one.Id == id, ct) is not { } found) return Problems.NotFound("event", $"{id}");
        return TypedResults.Ok(new
        {
            found.Id,
            found.Provider,
            found.Type,
            found.State,
            key = found.DedupeKey,
            found.Repeats,
            found.Attempts,
            found.Outcome,
            found.Error,
            receivedAt = found.ReceivedAt.UtcDateTime,
            processedAt = found.ProcessedAt?.UtcDateTime,
            headers = JsonElement.Parse(found.Headers),
            body = Encoding.UTF8.GetString(found.Body),
            bytes = found.Body.Length,
        });
    }

    private static async Task<IResult> ReplayAsync(long id, WebhookInbox inbox, ILoggerFactory logs, HttpContext context, CancellationToken ct)
    {
        if (await inbox.ReplayAsync(id, ct) is not { } job) return Problems.NotFound("event", $"{id}");
        logs.CreateLogger(typeof(WebhookEventEndpoints)).LogInformation("Webhook event {Id} is processed again for {Who}", id, context.User.Identity?.Name);
        return TypedResults.Accepted($"/api/webhook-events/{id}", new { id, state = WebhookEvent.Received, jobId = job });
    }
}
