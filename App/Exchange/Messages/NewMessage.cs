using System.Text.Json;
using App.Platform.Observability;

namespace App.Exchange.Messages;

/// <summary>A message to be delivered.</summary>
/// <param name="Organization">Whose it is.</param>
/// <param name="Channel">A channel of <see cref="MessageChannel"/>.</param>
/// <param name="To">A URL, a number in international form, an address of email, or the catalog's id.</param>
/// <param name="Body">JSON; what it must hold is the channel's to say.</param>
internal sealed record NewMessage(string Organization, string Channel, string To, string Body)
{
    /// <summary>A message whose body is JSON already.</summary>
    public NewMessage(string organization, string channel, string to, JsonElement body)
        : this(organization, channel, to, body.GetRawText()) { }

    /// <summary>What a webhook tells of, where it was fanned out by type.</summary>
    public string? EventType { get; init; }

    /// <summary>
    /// Webhooks to one URL with the same key go out one at a time, in the order in which they were added; null: side by side with others.
    /// </summary>
    public string? OrderKey { get; init; }

    /// <summary>Its identity, where the caller has one to give; later messages have greater ones.</summary>
    public Guid Id { get; init; } = Guid.CreateVersion7();

    /// <summary>The sender's idempotency key and a hash of what was sent with it.</summary>
    public (string Key, byte[] Hash)? Idempotency { get; init; }

    /// <summary>The trace that its delivery goes on with: that of whoever makes this, where it is recorded.</summary>
    public string? Traceparent { get; init; } = TraceContext.Current;
}

/// <summary>Ways out. The words are stored, and never change.</summary>
internal static class MessageChannel
{
    /// <summary>WhatsApp's Cloud API.</summary>
    public const string WhatsApp = "whatsapp";

    /// <summary>HTTP, as Standard Webhooks 1.0 says.</summary>
    public const string Webhook = "webhook";

    /// <summary>Meta's catalog, in batches of items.</summary>
    public const string Catalog = "catalog";

    /// <summary>SMTP.</summary>
    public const string Email = "email";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [WhatsApp, Webhook, Catalog, Email];
}
