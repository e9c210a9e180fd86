using System.Text.Json;
using App.Platform.Http;

namespace App.Exchange.Messages.Api;

/// <summary>A message in a list, without its body.</summary>
/// <param name="Id">Identity; later messages have greater ones.</param>
/// <param name="Channel">The way out.</param>
/// <param name="To">Where it goes.</param>
/// <param name="EventType">What a webhook tells of.</param>
/// <param name="OrderKey">Webhooks to one URL with the same key go out one at a time, in the order in which they were added.</param>
/// <param name="Status">Where it is.</param>
/// <param name="Attempts">Attempts so far.</param>
/// <param name="Error">Why it is not delivered.</param>
/// <param name="ErrorCode">The far side's number of the error.</param>
/// <param name="ProviderId">How the far side calls it.</param>
/// <param name="Receipt">What the far side has told of it since.</param>
/// <param name="CreatedAt">When it was taken.</param>
/// <param name="SentAt">When its last attempt began.</param>
/// <param name="NextAt">When it is tried again.</param>
/// <param name="DeliveredAt">When it was delivered.</param>
/// <param name="DiedAt">When it was given up.</param>
/// <example>
/// {"id":"019ad0a2-7a3e-7c51-9d2f-1f6d1b0c4e55","channel":"webhook","to":"https://example.org/hook","eventType":null,
/// "orderKey":null,"status":"delivered",
/// "attempts":1,
/// "error":null,"errorCode":null,"providerId":null,"receipt":null,"createdAt":"2026-11-29T08:00:00Z","sentAt":"2026-11-29T08:00:00.1Z",
/// "nextAt":null,
/// "deliveredAt":"2026-11-29T08:00:00.2Z","diedAt":null}
/// </example>
internal sealed record MessageAnswer(
    Guid Id, [OneOf(typeof(MessageChannel), nameof(MessageChannel.All))] string Channel, string To, string? EventType, string? OrderKey,
    [OneOf(typeof(MessageState), nameof(MessageState.All))] string Status, int Attempts, string? Error, int? ErrorCode, string? ProviderId,
    [OneOf("sent", "delivered", "read", "failed")] string? Receipt, DateTime CreatedAt, DateTime? SentAt, DateTime? NextAt,
    DateTime? DeliveredAt, DateTime? DiedAt)
{
    /// <summary>The answer for a message of a list.</summary>
    public static MessageAnswer Of(Message message) => new(
        message.Id, message.Channel, message.Recipient, message.EventType, message.OrderKey, message.State, message.Attempts, message.Error,
        message.ErrorCode, message.ProviderId,
        message.Receipt, message.CreatedAt.UtcDateTime, message.SentAt?.UtcDateTime, message.NextAt?.UtcDateTime,
        message.DeliveredAt?.UtcDateTime, message.DiedAt?.UtcDateTime);
}

/// <summary>A message with everything that is known of it.</summary>
/// <param name="Id">Identity; later messages have greater ones.</param>
/// <param name="Channel">The way out.</param>
/// <param name="To">Where it goes.</param>
/// <param name="EventType">What a webhook tells of.</param>
/// <param name="OrderKey">Webhooks to one URL with the same key go out one at a time, in the order in which they were added.</param>
/// <param name="Status">Where it is.</param>
/// <param name="Body">What is sent.</param>
/// <param name="Attempts">Attempts so far.</param>
/// <param name="Error">Why it is not delivered.</param>
/// <param name="ErrorCode">The far side's number of the error.</param>
/// <param name="ProviderId">How the far side calls it.</param>
/// <param name="Receipt">What the far side has told of it since.</param>
/// <param name="ReceiptAt">When that was.</param>
/// <param name="CreatedAt">When it was taken.</param>
/// <param name="SentAt">When its last attempt began.</param>
/// <param name="NextAt">When it is tried again.</param>
/// <param name="DeliveredAt">When it was delivered.</param>
/// <param name="DiedAt">When it was given up.</param>
/// <param name="Deliveries">Its attempts, the first first.</param>
internal sealed record MessageDetails(
    Guid Id, [OneOf(typeof(MessageChannel), nameof(MessageChannel.All))] string Channel, string To, string? EventType, string? OrderKey,
    [OneOf(typeof(MessageState), nameof(MessageState.All))] string Status, JsonElement Body, int Attempts, string? Error, int? ErrorCode,
    string? ProviderId,
    [OneOf("sent", "delivered", "read", "failed")] string? Receipt, DateTime? ReceiptAt, DateTime CreatedAt, DateTime? SentAt,
    DateTime? NextAt,
    DateTime? DeliveredAt, DateTime? DiedAt, IReadOnlyList<DeliveryAnswer> Deliveries)
{
    /// <summary>The answer for a message.</summary>
    public static MessageDetails Of(Message message, IEnumerable<Delivery> deliveries) => new(
        message.Id, message.Channel, message.Recipient, message.EventType, message.OrderKey, message.State,
        JsonElement.Parse(message.Body), message.Attempts,
        message.Error,
        message.ErrorCode, message.ProviderId, message.Receipt, message.ReceiptAt?.UtcDateTime, message.CreatedAt.UtcDateTime,
        message.SentAt?.UtcDateTime,
        message.NextAt?.UtcDateTime, message.DeliveredAt?.UtcDateTime, message.DiedAt?.UtcDateTime,
        [.. deliveries.Select(DeliveryAnswer.Of)]);
}

/// <summary>An attempt to deliver a message.</summary>
/// <param name="MessageId">The message.</param>
/// <param name="Number">Counts from 1 in the message.</param>
/// <param name="Outcome">What came of it; <c>lost</c>: no answer came; <c>refused</c>: never to be taken.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="LatencyMs">From its beginning to its end.</param>
/// <param name="Request">What was sent, without the body and without credentials.</param>
/// <param name="Status">The status of HTTP, or the reply code of SMTP.</param>
/// <param name="ResponseHeaders">Headers of the answer.</param>
/// <param name="ResponseBody">The beginning of the answer.</param>
/// <param name="Error">Why it was not delivered.</param>
internal sealed record DeliveryAnswer(
    Guid MessageId, int Number, [OneOf("delivered", "failed", "lost", "refused")] string Outcome, DateTime StartedAt, int LatencyMs,
    JsonElement? Request, int? Status,
    JsonElement? ResponseHeaders, string? ResponseBody, string? Error)
{
    /// <summary>The answer for an attempt.</summary>
    public static DeliveryAnswer Of(Delivery delivery) => new(
        delivery.MessageId, delivery.Number, delivery.Outcome, delivery.StartedAt.UtcDateTime, delivery.LatencyMs, Json(delivery.Request),
        delivery.Status,
        Json(delivery.ResponseHeaders), delivery.ResponseBody, delivery.Error);

    private static JsonElement? Json(string? text) => text is null ? null : JsonElement.Parse(text);
}

/// <summary>A page of messages.</summary>
/// <param name="Messages">The newest first.</param>
/// <param name="Next">Cursor of the next page; null at the end.</param>
internal sealed record MessagePage(IReadOnlyList<MessageAnswer> Messages, string? Next);

/// <summary>A page of attempts.</summary>
/// <param name="Deliveries">The newest first.</param>
/// <param name="Next">Cursor of the next page; null at the end.</param>
internal sealed record DeliveryPage(IReadOnlyList<DeliveryAnswer> Deliveries, string? Next);

/// <summary>A message and where it is.</summary>
/// <param name="Id">Identity.</param>
/// <param name="Status">Its status.</param>
internal sealed record MessageStanding(Guid Id, [OneOf(typeof(MessageState), nameof(MessageState.All))] string Status);

/// <summary>Messages that are sent again.</summary>
/// <param name="Redriven">How many.</param>
internal sealed record RedrivenMessages(int Redriven);
