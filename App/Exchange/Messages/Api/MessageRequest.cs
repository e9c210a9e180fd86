using System.Text;
using System.Text.Json;
using App.Exchange.Messages.Channels;
using App.Exchange.Messages.OutboundWebhooks;
using App.Platform.Database;
using App.Platform.Http;
using Microsoft.EntityFrameworkCore;

namespace App.Exchange.Messages.Api;

/// <summary>Reads what <c>POST /api/messages</c> and the step <c>message.send</c> are given, and says what is wrong with it.</summary>
internal sealed class MessageRequest(IEnumerable<IMessageChannel> channels, MessageOptions options)
{
    /// <summary>A message of an organization; null: see the faults.</summary>
    public async Task<NewMessage?> ReadAsync(AppDbContext db, string organization, JsonElement request, List<FieldError> faults,
        CancellationToken ct)
    {
        if (Read(organization, request, faults) is not { } message) return null;
        if (message.Channel != MessageChannel.Webhook || options.SigningSecret is not null) return message;
        if (await db.Set<WebhookEndpoint>()
            .AnyAsync(endpoint => endpoint.Organization == organization && endpoint.Url == message.To && endpoint.Secret != null, ct))
            return message;
        faults.Add(new FieldError("to", Problems.Shorten(message.To),
            "register it first (POST /api/webhook-endpoints), or let the operator "
            + "set WEBHOOK_SIGNING_SECRET: there is nothing to sign it with"));
        return null;
    }

    /// <summary>The same, without a look at what is registered.</summary>
    public NewMessage? Read(string organization, JsonElement request, List<FieldError> faults)
    {
        var before = faults.Count;
        var fields = new JsonFields(request, "", faults);
        fields.Only("channel", "to", "body", "orderKey");
        var (name, to) = (fields.Text("channel", required: true), fields.Text("to", required: true));
        var orderKey = fields.Text("orderKey", required: false);
        if (orderKey is not null && (orderKey.Length is 0 or > 128 || orderKey.Any(char.IsControl)))
            fields.Fault("orderKey", orderKey, "give 1 to 128 characters, or leave it out");
        if (orderKey is not null && name is not null and not MessageChannel.Webhook)
            fields.Fault("orderKey", orderKey, "leave it out: messages to one recipient of this channel keep their order anyway");
        if (fields.Find("body") is not { } body) fields.Fault("body", null, "give what is to be sent");
        else if (Encoding.UTF8.GetByteCount(body.GetRawText()) > Outbox.LongestBody)
            fields.Fault("body", null, $"give at most {Outbox.LongestBody:N0} bytes of JSON");
        else if (name is not null && channels.FirstOrDefault(one => one.Name == name) is not { } channel)
            fields.Fault("channel", name, $"use one of {string.Join(", ", MessageChannel.All)}");
        else if (name is not null && channels.First(one => one.Name == name) is { MissingVariables: { } missing })
            fields.Fault("channel", name, $"this channel is off: let the operator set {missing}");
        else if (name is not null && to is not null)
        {
            if (to.Length is 0 or > 2048 || to.Any(char.IsControl)) fields.Fault("to", to, "give 1 to 2,048 characters");
            else channels.First(one => one.Name == name).Validate(to, body, faults);
            if (faults.Count == before) return new NewMessage(organization, name, to, body) { OrderKey = orderKey };
        }
        return null;
    }
}
