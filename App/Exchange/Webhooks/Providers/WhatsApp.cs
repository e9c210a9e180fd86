using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using App.Exchange.Messages;
using App.Platform.Auth;
using App.Platform.Database;
using App.Platform.Http;
using Microsoft.EntityFrameworkCore;

namespace App.Exchange.Webhooks.Providers;

/// <summary>WhatsApp's Cloud API: messages that people send us, and what became of those that we sent.</summary>
internal sealed class WhatsApp(WebhookOptions options) : IWebhookProvider
{
    private const string Prefix = "sha256=";

    /// <inheritdoc/>
    public string Name => "whatsapp";

    /// <inheritdoc/>
    public string SecretVariable => "WHATSAPP_APP_SECRET";

    /// <inheritdoc/>
    public bool IsOn => options.WhatsApp.Count > 0;

    /// <inheritdoc/>
    public string SignatureHeader => "X-Hub-Signature-256";

    /// <inheritdoc/>
    public bool IsGenuine(string signature, ReadOnlySpan<byte> body) =>
        signature.StartsWith(Prefix, StringComparison.Ordinal)
            && Signature.IsGenuine(HashAlgorithmName.SHA256, signature.AsSpan(Prefix.Length), body, options.WhatsApp);

    /// <summary>
    /// A delivery carries many things, each with an id of its own: the delivery is known again by its bytes, and the things by their ids.
    /// </summary>
    public EventLabel LabelOf(JsonElement payload)
    {
        var values = Values(payload).ToList();
        var what = new[] { "messages", "statuses", "errors" }.Where(name => values.Exists(value => value.ListAt(name).Any())).ToList();
        return new(what.Count > 0 ? string.Join('+', what) : payload.TextAt("object") ?? "", null);
    }

    /// <inheritdoc/>
    public IResult Challenge(HttpRequest request)
    {
        if (options.WhatsAppVerifyToken is not { } token)
            return Problems.Of(StatusCodes.Status503ServiceUnavailable, "This webhook is off.",
                new FieldError("WHATSAPP_VERIFY_TOKEN", null, "let the operator set it to the token that Meta is given"));
        var (mode, sent, challenge) = (request.Query["hub.mode"].ToString(), request.Query["hub.verify_token"].ToString(),
            request.Query["hub.challenge"].ToString());
        // Hashes, so that the time tells nothing of the length either.
        var same = CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(sent)),
            SHA256.HashData(Encoding.UTF8.GetBytes(token)));
        if (mode != "subscribe" || !same || challenge.Length is 0 or > 200)
            return Problems.Of(StatusCodes.Status403Forbidden, "The subscription is not verified.",
                new FieldError("hub.verify_token", null, "give Meta the token of WHATSAPP_VERIFY_TOKEN"));
        request.HttpContext.Response.Headers.XContentTypeOptions = "nosniff";
        return TypedResults.Text(challenge, "text/plain");
    }

    /// <inheritdoc/>
    public async Task<string> ApplyAsync(JsonElement payload, AppDbContext db, CancellationToken ct)
    {
        var (fresh, messages) = (0, 0);
        var receipts = new List<MessageReceipt>();
        foreach (var value in Values(payload))
        {
            foreach (var message in value.ListAt("messages"))
            {
                messages++;
                fresh += await KeepAsync(value, message, db, ct);
            }
            receipts.AddRange(value.ListAt("statuses").Select(Receipt).OfType<MessageReceipt>());
        }
        var changed = receipts.Count == 0 ? [] : await MessageReceipts.ApplyAsync(db, receipts, ct);
        return $"{fresh} of {messages} messages were new, {changed.Count} messages changed by {receipts.Count} statuses.";
    }

    private static IEnumerable<JsonElement> Values(JsonElement payload) =>
        payload.ListAt("entry").SelectMany(entry => entry.ListAt("changes")).Select(change => change.At("value")).OfType<JsonElement>();

    private async Task<int> KeepAsync(JsonElement value, JsonElement message, AppDbContext db, CancellationToken ct)
    {
        var (id, sender, type) = (message.NameAt("id"), message.NameAt("from"), message.TextAt("type") ?? "unknown");
        var name = value.ListAt("contacts")
            .FirstOrDefault(contact => contact.TextAt("wa_id") == sender) is { ValueKind: JsonValueKind.Object } contact
            ? contact.TextAt("profile", "name") : null;
        return await db.Database.ExecuteSqlAsync($"""
            insert into inbound_messages (organization, channel, external_id, sender, sender_name, recipient, type, text, raw, sent_at)
            values ({Scopes.OperatorsOrganization}, {Name}, {id}, {sender}, {name}, {value.TextAt("metadata", "phone_number_id") ?? ""},
                {type}, {TextOf(message, type)}, {message.GetRawText()}::json, {At(message)})
            on conflict (channel, external_id) do nothing
            """, ct);
    }

    // What a person would read of it: a text, the title of what was chosen, the caption of a picture.
    private static string? TextOf(JsonElement message, string type) =>
        message.TextAt("text", "body") ?? message.TextAt("button", "text") ?? message.TextAt("interactive", "button_reply", "title")
        ?? message.TextAt("interactive", "list_reply", "title") ?? message.TextAt("reaction", "emoji") ?? message.TextAt(type, "caption")
        ?? message.TextAt(type, "name");

    // A status that we do not know says nothing; there are more of them every year.
    private static MessageReceipt? Receipt(JsonElement status)
    {
        if (status.TextAt("status") is not { } word || !MessageReceipts.Statuses.Contains(word)) return null;
        var error = status.ListAt("errors").FirstOrDefault();
        return new(Guid.TryParse(status.TextAt("biz_opaque_callback_data"), out var ours) ? ours : null, status.TextAt("id"), word,
            At(status) ?? DateTimeOffset.UnixEpoch,
            int.TryParse(error.TextAt("code"), NumberStyles.Integer, CultureInfo.InvariantCulture, out var code) ? code : null,
            error.TextAt("error_data", "details") ?? error.TextAt("title"));
    }

    private static DateTimeOffset? At(JsonElement element) =>
        long.TryParse(element.TextAt("timestamp"), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            && seconds < 253_402_300_800 ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;
}
