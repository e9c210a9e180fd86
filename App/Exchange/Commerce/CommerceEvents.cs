using System.Text.Json;
using App.Exchange.Messages.OutboundWebhooks;
using App.Platform.Database;

namespace App.Exchange.Commerce;

/// <summary>Tells an organization's endpoints what has become of its reservations and payments.</summary>
internal sealed class CommerceEvents(AppDbContext db, WebhookEvents webhooks, TimeProvider time)
{
    /// <summary>Tells of something, in the transaction that is open: the endpoints hear of it exactly when it is committed.</summary>
    /// <param name="organization">Whose it is.</param>
    /// <param name="type">Such as <c>reservation.confirmed</c>.</param>
    /// <param name="data">It, as the API answers it.</param>
    /// <param name="ct">Gives up.</param>
    public Task PublishAsync(string organization, string type, object data, CancellationToken ct) =>
        webhooks.PublishAsync(db, organization, type,
            JsonSerializer.Serialize(new { type, timestamp = time.GetUtcNow().UtcDateTime, data }, JsonSerializerOptions.Web), ct);
}
