using System.Text;
using System.Text.Json;
using App.Platform.Http;

namespace App.Exchange.Webhooks;

/// <summary>An event of a provider in a list, without its body.</summary>
/// <param name="Id">Number.</param>
/// <param name="Provider">Who sent it.</param>
/// <param name="Type">What the provider calls it.</param>
/// <param name="State">Where it is.</param>
/// <param name="Key">By what it is known again.</param>
/// <param name="Repeats">How often it has come again.</param>
/// <param name="Attempts">How often it was tried.</param>
/// <param name="Outcome">What it came to.</param>
/// <param name="Error">What went wrong last.</param>
/// <param name="ReceivedAt">When it came first.</param>
/// <param name="ProcessedAt">When its effects were committed last.</param>
/// <example>
/// {"id":7,"provider":"paystack","type":"charge.success","state":"processed","key":"charge.success:T685312322","repeats":0,"attempts":1,
/// "outcome":"Payment 41 confirms the reservation.","error":null,"receivedAt":"2026-11-29T08:00:00Z",
/// "processedAt":"2026-11-29T08:00:00.1Z"}
/// </example>
internal sealed record WebhookEventAnswer(
    long Id, string Provider, string Type, [OneOf(typeof(WebhookEvent), nameof(WebhookEvent.States))] string State, string Key, int Repeats,
    int Attempts,
    string? Outcome, string? Error, DateTime ReceivedAt, DateTime? ProcessedAt);

/// <summary>An event of a provider with everything that came.</summary>
/// <param name="Id">Number.</param>
/// <param name="Provider">Who sent it.</param>
/// <param name="Type">What the provider calls it.</param>
/// <param name="State">Where it is.</param>
/// <param name="Key">By what it is known again.</param>
/// <param name="Repeats">How often it has come again.</param>
/// <param name="Attempts">How often it was tried.</param>
/// <param name="Outcome">What it came to.</param>
/// <param name="Error">What went wrong last.</param>
/// <param name="ReceivedAt">When it came first.</param>
/// <param name="ProcessedAt">When its effects were committed last.</param>
/// <param name="Headers">Some of the headers beside it.</param>
/// <param name="Body">What was signed, as text.</param>
/// <param name="Bytes">Its length.</param>
internal sealed record WebhookEventDetails(
    long Id, string Provider, string Type, [OneOf(typeof(WebhookEvent), nameof(WebhookEvent.States))] string State, string Key, int Repeats,
    int Attempts,
    string? Outcome, string? Error, DateTime ReceivedAt, DateTime? ProcessedAt, JsonElement Headers, string Body, int Bytes)
{
    /// <summary>The answer for an event.</summary>
    public static WebhookEventDetails Of(WebhookEvent one) => new(
        one.Id, one.Provider, one.Type, one.State, one.DedupeKey, one.Repeats, one.Attempts, one.Outcome, one.Error,
        one.ReceivedAt.UtcDateTime,
        one.ProcessedAt?.UtcDateTime, JsonElement.Parse(one.Headers), Encoding.UTF8.GetString(one.Body), one.Body.Length);
}

/// <summary>A page of events.</summary>
/// <param name="Events">The newest first.</param>
/// <param name="Next">Cursor of the next page; null at the end.</param>
internal sealed record WebhookEventPage(IReadOnlyList<WebhookEventAnswer> Events, string? Next);

/// <summary>An event that is processed again.</summary>
/// <param name="Id">Number.</param>
/// <param name="State">Its state since.</param>
/// <param name="JobId">The job that does it.</param>
internal sealed record ReplayedEvent(long Id, [OneOf(WebhookEvent.Received)] string State, long JobId);
