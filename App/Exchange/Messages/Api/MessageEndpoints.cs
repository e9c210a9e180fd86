using App.Platform.Auth;
using App.Platform.Database;
using App.Platform.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;

namespace App.Exchange.Messages.Api;

/// <summary>Messages over HTTP: send, look, redrive.</summary>
internal static class MessageEndpoints
{
    private const int MostKeyCharacters = 255;
    private const string Id = "The message's id.";

    /// <summary>Maps the calls.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        var messages = routes.MapGroup("/api/messages").WithTags("messages");
        messages.MapPost("", AddAsync).RequireScope(Scopes.Write).WithMetadata(new RequestSizeLimitAttribute(Outbox.LongestBody * 2))
            .Takes<NewMessageRequest>().Idempotent().Refuses(409)
            .Describe("sendMessage", "Send a message", "It is delivered until the far side has taken it, or its attempts are over.");
        messages.MapGet("", ListAsync).RequireScope(Scopes.Read).Pages()
            .Describe("listMessages", "Messages", "The newest first, without their bodies.")
            .QueryParameter("status", "Only messages in this status.", MessageState.All)
            .QueryParameter("channel", "Only of this channel.", MessageChannel.All)
            .QueryParameter("to", "Only to there.")
            .QueryParameter("error", "Occurs in the error, whatever the case of its letters, or is its number.")
            .TimeParameter("since", "Only those taken then or later.");
        messages.MapGet("{id}", GetAsync).RequireScope(Scopes.Read).Refuses(404)
            .Describe("getMessage", "A message", "With its body and its attempts.").PathParameter("id", Id);
        messages.MapPost("{id:guid}/redrive", RedriveAsync).RequireScope(Scopes.Write).Refuses(404, 409)
            .Describe("redriveMessage", "Send a message again", "One that is dead or uncertain, with all its attempts.")
            .PathParameter("id", Id);
        messages.MapPost("redrive", RedriveManyAsync).RequireScope(Scopes.Write).WithMetadata(new RequestSizeLimitAttribute(65_536))
            .Takes<RedriveRequest>()
            .Describe("redriveMessages", "Send many messages again", "Those that the filter means.");
    }

    private static async Task<Results<Accepted<MessageStanding>, ProblemHttpResult>> AddAsync(
        HttpContext context, MessageRequest parser, MessageStore store, AppDbContext db, CancellationToken ct)
    {
        var (body, problem) = await JsonBody.ReadAsync(context.Request, ct);
        if (problem is not null) return problem;
        var key = context.Request.Headers["Idempotency-Key"] is { Count: > 0 } sent ? sent.ToString() : null;
        if (key is not null && (key.Length is 0 or > MostKeyCharacters || key.Any(c => c is < ' ' or > '~')))
            return Problems.Unprocessable(new FieldError("Idempotency-Key", Problems.Shorten(key),
                $"send 1 to {MostKeyCharacters} printable ASCII characters"));
        var faults = new List<FieldError>();
        if (await parser.ReadAsync(db, context.User.Organization(), body, faults, ct) is not { } message)
            return Problems.Unprocessable(faults);

        var taken = await store.AddAsync(message with { Idempotency = key is null ? null : (key, StrictJson.HashOf(body)) }, ct);
        return taken.Kind switch
        {
            SentMessageKind.InFlight => Problems.Of(StatusCodes.Status409Conflict, "A request with this Idempotency-Key is in flight.",
                new FieldError("Idempotency-Key", Problems.Shorten(key!), "wait for its answer, or send the request again after a second")),
            SentMessageKind.OtherPayload => Problems.Unprocessable(
                new FieldError("Idempotency-Key", Problems.Shorten(key!),
                    $"use another key: this one was sent with another payload and made message {taken.Id}")),
            _ => TypedResults.Accepted($"/api/messages/{taken.Id}", new MessageStanding(taken.Id, taken.Status)),
        };
    }

    private static async Task<Results<Ok<MessagePage>, ProblemHttpResult>> ListAsync(
        HttpContext context, AppDbContext db, CancellationToken ct)
    {
        var faults = new List<FieldError>();
        var limit = Paging.Limit(context.Request, faults);
        var filter = MessageFilter.Read(context.Request, faults);
        var before = Guid.AllBitsSet;
        if (Paging.Position(context.Request, 1, faults) is { } position && !Guid.TryParse(position[0], out before))
            faults.Add(new FieldError("cursor", Problems.Shorten(context.Request.Query["cursor"].ToString()),
                "give the 'next' of the page before, unchanged"));
        if (faults.Count > 0) return Problems.Unprocessable(faults);

        var organization = context.User.Organization();
        var found =
            await Meant(
                db.Set<Message>().AsNoTracking().Where(message => message.Organization == organization && message.Id < before), filter)
            .OrderByDescending(message => message.Id).Take(limit + 1).ToListAsync(ct);
        return TypedResults.Ok(new MessagePage(
            [.. found.Take(limit).Select(MessageAnswer.Of)],
            found.Count > limit ? Paging.Cursor(found[limit - 1].Id.ToString()) : null));
    }

    private static IQueryable<Message> Meant(IQueryable<Message> messages, MessageFilter filter)
    {
        // Said so, the index of what is not delivered can be used.
        if (filter.Status is not null and not MessageState.Delivered) messages = messages.Where(message => message.DeliveredAt == null);
        if (filter.Status is { } status) messages = messages.Where(message => message.State == status);
        if (filter.Channel is { } channel) messages = messages.Where(message => message.Channel == channel);
        if (filter.To is { } to) messages = messages.Where(message => message.Recipient == to);
        if (filter.Since is { } since) messages = messages.Where(message => message.CreatedAt >= since);
        if (filter.Error is { } error)
        {
            var (text, code) = (error.ToLowerInvariant(), filter.ErrorCode);
            messages = messages.Where(message => message.Error!.ToLower().Contains(text) || (code != null && message.ErrorCode == code));
        }
        return messages;
    }

    private static async Task<Results<Ok<MessageDetails>, ProblemHttpResult>> GetAsync(
        string id, HttpContext context, AppDbContext db, CancellationToken ct)
    {
        var organization = context.User.Organization();
        if (!Guid.TryParse(id, out var wanted)
            || await db.Set<Message>()
                .AsNoTracking().SingleOrDefaultAsync(m => m.Id == wanted && m.Organization == organization, ct) is not { } message)
            return Problems.NotFound("message", id);
        var deliveries = await db.Set<Delivery>()
            .AsNoTracking().Where(delivery => delivery.MessageId == message.Id).OrderBy(delivery => delivery.Number).ToListAsync(ct);
        return TypedResults.Ok(MessageDetails.Of(message, deliveries));
    }

    private static async Task<Results<Accepted<MessageStanding>, ProblemHttpResult>> RedriveAsync(
        Guid id, HttpContext context, MessageStore store, AppDbContext db, CancellationToken ct)
    {
        var organization = context.User.Organization();
        if (await store.RedriveAsync(organization, [id], ct) > 0)
            return TypedResults.Accepted($"/api/messages/{id}", new MessageStanding(id, MessageState.Pending));
        var state = await db.Set<Message>().Where(message => message.Id == id && message.Organization == organization)
            .Select(message => message.State).SingleOrDefaultAsync(ct);
        return state is null
            ? Problems.NotFound("message", id.ToString())
            : Problems.Of(StatusCodes.Status409Conflict, $"The message is {state}.",
                new FieldError("status", state, "redrive messages that are dead or uncertain"));
    }

    private static async Task<Results<Ok<RedrivenMessages>, ProblemHttpResult>> RedriveManyAsync(
        HttpContext context, MessageStore store, CancellationToken ct)
    {
        var (body, problem) = await JsonBody.ReadAsync(context.Request, ct);
        if (problem is not null) return problem;
        var faults = new List<FieldError>();
        var filter = MessageFilter.Read(body, faults);
        if (faults.Count > 0) return Problems.Unprocessable(faults);
        return TypedResults.Ok(new RedrivenMessages(await store.RedriveAsync(context.User.Organization(), filter, ct)));
    }
}
