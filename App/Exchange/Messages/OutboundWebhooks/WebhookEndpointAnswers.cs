using App.Platform.Http;

namespace App.Exchange.Messages.OutboundWebhooks;

/// <summary>A URL to be registered.</summary>
/// <param name="Url">Where webhooks go.</param>
/// <param name="EventTypes">What it is told of: types such as <c>message.delivered</c>, families such as
/// <c>message.*</c>; without it everything.</param>
/// <param name="Concurrency">How many webhooks are sent to it at once, over all workers: 1 to 64.</param>
/// <param name="Ordered">Webhooks go out one at a time, in the order in which they were added.</param>
/// <param name="Traceparent">Webhooks added from now on carry the W3C header <c>traceparent</c>, where this installation traces.</param>
/// <example>{"url":"https://example.org/hook","eventTypes":["reservation.*","payment.received"]}</example>
internal sealed record NewEndpointRequest(
    string Url, IReadOnlyList<string>? EventTypes = null, int Concurrency = WebhookEndpoint.DefaultConcurrency, bool Ordered = false,
    bool Traceparent = false);

/// <summary>What is changed; fields that are left out stay.</summary>
/// <param name="EventTypes">What it is told of.</param>
/// <param name="Enabled">False closes it; true opens it and its circuit again.</param>
/// <param name="Concurrency">How many webhooks are sent to it at once, over all workers: 1 to 64; also of those that wait already.</param>
/// <param name="Ordered">Whether webhooks go out one at a time, in the order in which they were added.</param>
/// <param name="Traceparent">Whether webhooks carry the W3C header <c>traceparent</c>, where this installation traces.</param>
/// <example>{"enabled":true}</example>
internal sealed record ChangeEndpointRequest(
    IReadOnlyList<string>? EventTypes = null, bool? Enabled = null, int? Concurrency = null, bool? Ordered = null,
    bool? Traceparent = null);

/// <summary>How a secret is changed.</summary>
/// <param name="GraceHours">How long the old secret signs as well: 0 to 720.</param>
internal sealed record RotateSecretRequest(int GraceHours = 24);

/// <summary>A URL that takes webhooks.</summary>
/// <param name="Id">Identity.</param>
/// <param name="Url">Where webhooks go.</param>
/// <param name="EventTypes">What it is told of; empty: everything.</param>
/// <param name="Registered">Whether it is registered; others are listed because they have failed.</param>
/// <param name="Concurrency">How many webhooks are sent to it at once, over all workers.</param>
/// <param name="Ordered">Whether webhooks go out one at a time, in the order in which they were added.</param>
/// <param name="Traceparent">Whether webhooks carry the W3C header <c>traceparent</c>, where this installation traces.</param>
/// <param name="Enabled">Whether anything is sent to it.</param>
/// <param name="ClosedAt">Since when not.</param>
/// <param name="ClosedReason">Why not.</param>
/// <param name="Circuit">Open: after failures nothing is sent to it for a while.</param>
/// <param name="OpenUntil">Until when.</param>
/// <param name="Failures">Failures in a row.</param>
/// <param name="PreviousSecretUntil">Until when its secret before the last change signs as well.</param>
/// <param name="CreatedAt">When it was registered or first failed.</param>
/// <param name="Secret">Signs what is sent to it; shown when it is made, and never again.</param>
/// <example>
/// {"id":"019ad0a2-7a3e-7c51-9d2f-1f6d1b0c4e55","url":"https://example.org/hook","eventTypes":["reservation.*"],"registered":true,
/// "concurrency":16,"ordered":false,"traceparent":false,"enabled":true,
/// "closedAt":null,"closedReason":null,"circuit":"closed","openUntil":null,"failures":0,"previousSecretUntil":null,
/// "createdAt":"2026-11-29T08:00:00Z","secret":null}
/// </example>
internal sealed record EndpointAnswer(
    Guid Id, string Url, IReadOnlyList<string> EventTypes, bool Registered, int Concurrency, bool Ordered, bool Traceparent,
    bool Enabled,
    DateTime? ClosedAt, string? ClosedReason,
    [OneOf("closed", "open", "half-open")] string Circuit, DateTime? OpenUntil, int Failures, DateTime? PreviousSecretUntil,
    DateTime CreatedAt, string? Secret)
{
    /// <summary>The answer for an endpoint; the secret only where it was made just now.</summary>
    public static EndpointAnswer Of(WebhookEndpoint endpoint, TimeProvider time, string? secret = null) => new(
        endpoint.Id, endpoint.Url, endpoint.EventTypes, endpoint.Secret is not null, endpoint.Concurrency, endpoint.Ordered,
        endpoint.Traceparent, endpoint.ClosedAt is null,
        endpoint.ClosedAt?.UtcDateTime, endpoint.ClosedReason,
        endpoint.OpenUntil is not { } until ? "closed" : until > time.GetUtcNow() ? "open" : "half-open",
        endpoint.OpenUntil?.UtcDateTime, endpoint.Failures,
        endpoint.PreviousUntil?.UtcDateTime, endpoint.CreatedAt.UtcDateTime, secret);
}

/// <summary>The endpoints, on one page.</summary>
/// <param name="Endpoints">The oldest first.</param>
/// <param name="Next">Always null.</param>
internal sealed record EndpointPage(IReadOnlyList<EndpointAnswer> Endpoints, string? Next);
