using System.Text.Json;

namespace App.Exchange.Messages.Api;

/// <summary>Messages as they are answered.</summary>
internal static class MessageAnswers
{
    /// <summary>A message in a list, without its body.</summary>
    public static object Of(Message message) => new
    {
        id = message.Id,
        channel = message.Channel,
        to = message.Recipient,
        eventType = message.EventType,
        orderKey = message.OrderKey,
        status = message.State,
        attempts = message.Attempts,
        error = message.Error,
        errorCode = message.ErrorCode,
        providerId = message.ProviderId,
        receipt = message.Receipt,
        createdAt = message.CreatedAt.UtcDateTime,
        sentAt = message.SentAt?.UtcDateTime,
        nextAt = message.NextAt?.UtcDateTime,
        deliveredAt = message.DeliveredAt?.UtcDateTime,
        diedAt = message.DiedAt?.UtcDateTime,
    };

    /// <summary>A message with everything that is known of it.</summary>
    public static object Of(Message message, IEnumerable<Delivery> deliveries) => new
    {
        id = message.Id,
        channel = message.Channel,
        to = message.Recipient,
        eventType = message.EventType,
        orderKey = message.OrderKey,
        status = message.State,
        body = JsonElement.Parse(message.Body),
        attempts = message.Attempts,
        error = message.Error,
        errorCode = message.ErrorCode,
        providerId = message.ProviderId,
        receipt = message.Receipt,
        receiptAt = message.ReceiptAt?.UtcDateTime,
        createdAt = message.CreatedAt.UtcDateTime,
        sentAt = message.SentAt?.UtcDateTime,
        nextAt = message.NextAt?.UtcDateTime,
        deliveredAt = message.DeliveredAt?.UtcDateTime,
        diedAt = message.DiedAt?.UtcDateTime,
        deliveries = deliveries.Select(Of),
    };

    /// <summary>An attempt.</summary>
    public static object Of(Delivery delivery) => new
    {
        messageId = delivery.MessageId,
        number = delivery.Number,
        outcome = delivery.Outcome,
        startedAt = delivery.StartedAt.UtcDateTime,
        latencyMs = delivery.LatencyMs,
        request = Json(delivery.Request),
        status = delivery.Status,
        responseHeaders = Json(delivery.ResponseHeaders),
        responseBody = delivery.ResponseBody,
        error = delivery.Error,
    };

    private static JsonElement? Json(string? text) => text is null ? null : JsonElement.Parse(text);
}
