using System.Text.RegularExpressions;
using App.Exchange.Messages.Api;
using App.Platform.Auth;
using App.Platform.Database;
using App.Platform.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;

namespace App.Exchange.Messages.OutboundWebhooks;

/// <summary><c>/api/webhook-endpoints</c>: registering URLs, changing their secrets, opening them again.</summary>
internal static partial class WebhookEndpointRequests
{
    private const int MostTypes = 100;
    private const int MostEndpoints = 1000;
    private const int GraceHours = 24;
    private const string Id = "The endpoint's id.";

    /// <summary>Maps the calls.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        var endpoints = routes.MapGroup("/api/webhook-endpoints").WithTags("messages");
        endpoints.MapPost("", CreateAsync).RequireScope(Scopes.Write).WithMetadata(new RequestSizeLimitAttribute(65_536))
            .Takes<NewEndpointRequest>().Refuses(409)
            .Describe("createWebhookEndpoint", "Register a URL for webhooks", "The answer shows its secret, which is shown once.");
        endpoints.MapGet("", ListAsync).RequireScope(Scopes.Read)
            .Describe("listWebhookEndpoints", "URLs that take webhooks",
                "Those that are registered, and others while they are closed, on one page.");
        endpoints.MapGet("{id:guid}", GetAsync).RequireScope(Scopes.Read).Refuses(404)
            .Describe("getWebhookEndpoint", "A URL that takes webhooks").PathParameter("id", Id);
        endpoints.MapPatch("{id:guid}", ChangeAsync).RequireScope(Scopes.Write).WithMetadata(new RequestSizeLimitAttribute(65_536))
            .Takes<ChangeEndpointRequest>().Refuses(404)
            .Describe("changeWebhookEndpoint", "Change, close or open a URL").PathParameter("id", Id);
        endpoints.MapPost("{id:guid}/rotate", RotateAsync).RequireScope(Scopes.Write).WithMetadata(new RequestSizeLimitAttribute(65_536))
            .Takes<RotateSecretRequest>(optional: true).Refuses(404)
            .Describe("rotateWebhookSecret", "Change the secret of a URL",
                "The answer shows the new one, which is shown once; the old one signs as well for a while.")
            .PathParameter("id", Id);
        endpoints.MapDelete("{id:guid}", DeleteAsync).RequireScope(Scopes.Write).Refuses(404)
            .Describe("deleteWebhookEndpoint", "Forget a URL").PathParameter("id", Id);
        endpoints.MapGet("{id:guid}/deliveries", DeliveriesAsync).RequireScope(Scopes.Read).Pages().Refuses(404)
            .Describe("listWebhookDeliveries", "Attempts to deliver to a URL", "The newest first, with what was answered.")
            .PathParameter("id", Id);
    }

    private static async Task<Results<Ok<EndpointAnswer>, ProblemHttpResult>> GetAsync(
        Guid id, HttpContext context, AppDbContext db, TimeProvider time, CancellationToken ct) =>
        await FindAsync(db, context, id, ct) is { } endpoint ? TypedResults.Ok(EndpointAnswer.Of(endpoint, time)) : NotFound(id);

    private static async Task<Results<Created<EndpointAnswer>, ProblemHttpResult>> CreateAsync(
        HttpContext context, AppDbContext db, TimeProvider time, CancellationToken ct)
    {
        var (body, problem) = await JsonBody.ReadAsync(context.Request, ct);
        if (problem is not null) return problem;
        var faults = new List<FieldError>();
        var fields = new JsonFields(body, "", faults);
        fields.Only("url", "eventTypes", "concurrency", "ordered", "traceparent");
        var url = fields.Text("url", required: true);
        if (url is not null && WebhookUrl.CureOf(url) is { } cure) fields.Fault("url", url, cure);
        var types = TypesOf(fields) ?? [];
        var concurrency = fields.Integer("concurrency", WebhookEndpoint.DefaultConcurrency, 1, WebhookEndpoint.MostConcurrency);
        var ordered = fields.Flag("ordered", false);
        var traceparent = fields.Flag("traceparent", false);
        if (faults.Count > 0) return Problems.Unprocessable(faults);

        var organization = context.User.Organization();
        if (await db.Set<WebhookEndpoint>()
            .CountAsync(endpoint => endpoint.Organization == organization && endpoint.Secret != null, ct) >= MostEndpoints)
            return Problems.Of(StatusCodes.Status409Conflict, "There are as many endpoints as an organization may have.",
                new FieldError("url", Problems.Shorten(url!), $"delete some: {MostEndpoints} are the most"));
        // A URL that has failed before it was registered is remembered, and now opened.
        var secret = WebhookSecret.New();
        var made = await db.Set<WebhookEndpoint>().FromSql($"""
            insert into webhook_endpoints as e (organization, url, event_types, secret, concurrency, ordered, traceparent)
                values ({organization}, {url}, {types}, {secret}, {concurrency}, {ordered}, {traceparent})
            on conflict (organization, url) do update
                set event_types = excluded.event_types, secret = excluded.secret, concurrency = excluded.concurrency,
                    ordered = excluded.ordered, traceparent = excluded.traceparent,
                    closed_at = null, closed_reason = null, failures = 0, trips = 0, open_until = null
            where e.secret is null
            returning *
            """).AsNoTracking().ToListAsync(ct);
        return made is [var endpoint]
            ? TypedResults.Created($"/api/webhook-endpoints/{endpoint.Id}", EndpointAnswer.Of(endpoint, time, secret))
            : Problems.Of(StatusCodes.Status409Conflict, "The URL is registered.",
                new FieldError("url", Problems.Shorten(url!), "change the endpoint that is there (PATCH), or rotate its secret"));
    }

    private static async Task<Ok<EndpointPage>> ListAsync(HttpContext context, AppDbContext db, TimeProvider time, CancellationToken ct)
    {
        var organization = context.User.Organization();
        // Those that are not registered are of interest while they are closed.
        var endpoints = await db.Set<WebhookEndpoint>().AsNoTracking()
            .Where(endpoint => endpoint.Organization == organization && (endpoint.Secret != null || endpoint.ClosedAt != null))
            .OrderBy(endpoint => endpoint.CreatedAt).ThenBy(endpoint => endpoint.Id).Take(Paging.MaxLimit).ToListAsync(ct);
        return TypedResults.Ok(new EndpointPage(endpoints.ConvertAll(endpoint => EndpointAnswer.Of(endpoint, time)), null));
    }

    private static async Task<Results<Ok<EndpointAnswer>, ProblemHttpResult>> ChangeAsync(
        Guid id, HttpContext context, AppDbContext db, Outbox outbox, TimeProvider time, CancellationToken ct)
    {
        var (body, problem) = await JsonBody.ReadAsync(context.Request, ct);
        if (problem is not null) return problem;
        var faults = new List<FieldError>();
        var fields = new JsonFields(body, "", faults);
        fields.Only("eventTypes", "enabled", "concurrency", "ordered", "traceparent");
        var types = TypesOf(fields);
        var enabled = fields.Find("enabled") is null ? (bool?)null : fields.Flag("enabled", true);
        var concurrency = fields.Find("concurrency") is null
            ? (int?)null : fields.Integer("concurrency", WebhookEndpoint.DefaultConcurrency, 1, WebhookEndpoint.MostConcurrency);
        var ordered = fields.Find("ordered") is null ? (bool?)null : fields.Flag("ordered", false);
        var traceparent = fields.Find("traceparent") is null ? (bool?)null : fields.Flag("traceparent", false);
        if (faults.Count > 0) return Problems.Unprocessable(faults);
        if (await FindAsync(db, context, id, ct) is not { } endpoint) return NotFound(id);
        if (types is not null && endpoint.Secret is null)
            return Problems.Unprocessable(new FieldError("eventTypes", null, "register the URL first (POST /api/webhook-endpoints)"));

        if (types is not null) endpoint.EventTypes = types;
        if (enabled == false && endpoint.ClosedAt is null)
            (endpoint.ClosedAt, endpoint.ClosedReason) = (time.GetUtcNow(), "It was closed by request.");
        if (enabled == true)
            (endpoint.ClosedAt, endpoint.ClosedReason, endpoint.Failures, endpoint.Trips, endpoint.OpenUntil) = (null, null, 0, 0, null);
        if (concurrency is { } atOnce) endpoint.Concurrency = (short)atOnce;
        if (ordered is { } inOrder) endpoint.Ordered = inOrder;
        if (traceparent is { } told) endpoint.Traceparent = told;
        await db.SaveChangesAsync(ct);
        // What waits already goes by the new setting as well.
        if ((concurrency, ordered) != (null, null))
            await outbox.SetPaceAsync(endpoint.Organization, endpoint.Url, endpoint.Settings, ct);
        return TypedResults.Ok(EndpointAnswer.Of(endpoint, time));
    }

    private static async Task<Results<Ok<EndpointAnswer>, ProblemHttpResult>> RotateAsync(
        Guid id, HttpContext context, AppDbContext db, TimeProvider time, CancellationToken ct)
    {
        var hours = GraceHours;
        if (context.Request.ContentLength > 0)
        {
            var (body, problem) = await JsonBody.ReadAsync(context.Request, ct);
            if (problem is not null) return problem;
            var faults = new List<FieldError>();
            var fields = new JsonFields(body, "", faults);
            fields.Only("graceHours");
            hours = fields.Integer("graceHours", GraceHours, 0, 24 * 30);
            if (faults.Count > 0) return Problems.Unprocessable(faults);
        }
        if (await FindAsync(db, context, id, ct) is not { Secret: { } old } endpoint) return NotFound(id);
        endpoint.Secret = WebhookSecret.New();
        (endpoint.PreviousSecret, endpoint.PreviousUntil) = hours == 0
            ? (null, null) : (old, (DateTimeOffset?)time.GetUtcNow().AddHours(hours));
        await db.SaveChangesAsync(ct);
        return TypedResults.Ok(EndpointAnswer.Of(endpoint, time, endpoint.Secret));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(
        Guid id, HttpContext context, AppDbContext db, CancellationToken ct)
    {
        var organization = context.User.Organization();
        return await db.Set<WebhookEndpoint>()
            .Where(endpoint => endpoint.Id == id && endpoint.Organization == organization).ExecuteDeleteAsync(ct) > 0
            ? TypedResults.NoContent() : NotFound(id);
    }

    private static async Task<Results<Ok<DeliveryPage>, ProblemHttpResult>> DeliveriesAsync(
        Guid id, HttpContext context, AppDbContext db, CancellationToken ct)
    {
        var faults = new List<FieldError>();
        var limit = Paging.Limit(context.Request, faults);
        var before = Guid.AllBitsSet;
        var number = 0;
        if (Paging.Position(context.Request, 2, faults) is { } position
            && !(Guid.TryParse(position[0], out before) && int.TryParse(position[1], out number)))
            faults.Add(new FieldError("cursor", null, "give the 'next' of the page before, unchanged"));
        if (faults.Count > 0) return Problems.Unprocessable(faults);
        if (await FindAsync(db, context, id, ct) is not { } endpoint) return NotFound(id);
        var found = await (
            from message in db.Set<Message>()
            join delivery in db.Set<Delivery>() on message.Id equals delivery.MessageId
            where message.Organization == endpoint.Organization && message.Channel == MessageChannel.Webhook
                && message.Recipient == endpoint.Url
                && (message.Id < before || (message.Id == before && delivery.Number < number))
            orderby message.Id descending, delivery.Number descending
            select delivery).AsNoTracking().Take(limit + 1).ToListAsync(ct);
        return TypedResults.Ok(new DeliveryPage(
            [.. found.Take(limit).Select(DeliveryAnswer.Of)],
            found.Count > limit ? Paging.Cursor(found[limit - 1].MessageId.ToString(), found[limit - 1].Number.ToString()) : null));
    }

    private static async Task<WebhookEndpoint?> FindAsync(AppDbContext db, HttpContext context, Guid id, CancellationToken ct)
    {
        var organization = context.User.Organization();
        return await db.Set<WebhookEndpoint>()
            .SingleOrDefaultAsync(endpoint => endpoint.Id == id && endpoint.Organization == organization, ct);
    }

    private static string[]? TypesOf(JsonFields fields)
    {
        if (fields.List("eventTypes", required: false) is not { } list) return null;
        if (list.Count > MostTypes) fields.Fault("eventTypes", null, $"give at most {MostTypes}");
        foreach (var item in list)
            if (item.ValueKind != System.Text.Json.JsonValueKind.String || !EventType().IsMatch(item.GetString()!))
                fields.Fault("eventTypes", JsonFields.Show(item),
                    "give types such as message.delivered, families such as message.*, or * for everything");
        return fields.Faults.Count > 0 ? [] : [.. list.Select(item => item.GetString()!).Distinct()];
    }

    private static ProblemHttpResult NotFound(Guid id) => Problems.NotFound("webhook endpoint", id.ToString());

    [GeneratedRegex(@"\A(\*|[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64}){0,7}(\.\*)?)\z", RegexOptions.ExplicitCapture)]
    private static partial Regex EventType();
}
