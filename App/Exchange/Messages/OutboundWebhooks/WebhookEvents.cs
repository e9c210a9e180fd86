using App.Platform.Database;
using Microsoft.EntityFrameworkCore;

namespace App.Exchange.Messages.OutboundWebhooks;

/// <summary>Tells an organization's endpoints what has happened: one message to each that asked for the type.</summary>
internal sealed class WebhookEvents(Outbox outbox)
{
    /// <summary>Fans out an event in the transaction that is open on the context.</summary>
    /// <param name="db">With a transaction.</param>
    /// <param name="organization">Whose endpoints are told.</param>
    /// <param name="type">Such as <c>reservation.confirmed</c>; endpoints may ask for it, for its families (<c>reservation.*</c>) or for
    /// everything.</param>
    /// <param name="body">JSON, as the endpoints get it.</param>
    /// <param name="ct">Gives up.</param>
    /// <returns>The messages.</returns>
    public async Task<IReadOnlyList<Guid>> PublishAsync(AppDbContext db, string organization, string type, string body,
        CancellationToken ct)
    {
        var asked = AskedFor(type);
        var urls = await db.Set<WebhookEndpoint>().AsNoTracking()
            .Where(endpoint => endpoint.Organization == organization && endpoint.Secret != null && endpoint.ClosedAt == null
                && (endpoint.EventTypes.Length == 0 || endpoint.EventTypes.Any(one => asked.Contains(one))))
            .OrderBy(endpoint => endpoint.Id).Select(endpoint => endpoint.Url).ToListAsync(ct);
        var messages = urls.ConvertAll(url => new NewMessage(organization, MessageChannel.Webhook, url, body) { EventType = type });
        await outbox.AddManyAsync(db, messages, ct);
        return messages.ConvertAll(message => message.Id);
    }

    // a.b.c is of the families a.* and a.b.*.
    private static string[] AskedFor(string type) =>
        ["*", type, .. Enumerable.Range(0, type.Length).Where(at => type[at] == '.').Select(at => type[..at] + ".*")];
}
