using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using App.Tests.Exchange.Commerce;
using App.Tests.Fixtures;

namespace App.Tests.Exchange.Webhooks;

/// <summary>Providers, as their servers send events.</summary>
internal static class Sender
{
    /// <summary>Meta's signature of a body.</summary>
    public static string Meta(byte[] body, string secret = CommerceHost.Secret) =>
        "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), body));

    /// <summary>Paystack's.</summary>
    public static string Paystack(byte[] body, string secret = CommerceHost.Secret) =>
        Convert.ToHexStringLower(HMACSHA512.HashData(Encoding.UTF8.GetBytes(secret), body));

    /// <summary>Korapay's, of what it signs.</summary>
    public static string Korapay(byte[] data, string secret = CommerceHost.Secret) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), data));

    /// <summary>Sends bytes with a signature.</summary>
    public static async Task<HttpResponseMessage> SendAsync(this AppHost host, string provider, byte[] body, string? signature)
    {
        using var http = host.Client(null);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/webhooks/" + provider) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new("application/json");
        if (signature is not null)
            request.Headers.Add(
                provider switch
                {
                    "whatsapp" => "X-Hub-Signature-256",
                    "paystack" => "x-paystack-signature",
                    _ => "x-korapay-signature"
                }, signature);
        return await http.SendAsync(request);
    }

    /// <summary>Paystack tells of something.</summary>
    public static Task PaystackSaysAsync(this AppHost host, string type, object data) =>
        host.SaysAsync("paystack", JsonSerializer.SerializeToUtf8Bytes(new { @event = type, data }), body => Paystack(body));

    /// <summary>A charge as Paystack tells of it.</summary>
    public static object Charge(string reference, long kobo, string currency = "NGN", object? metadata = null) => new
    {
        id = Math.Abs(reference.GetHashCode(StringComparison.Ordinal)),
        domain = "live",
        status = "success",
        reference,
        amount = kobo,
        message = (string?)null,
        gateway_response = "Successful",
        paid_at = "2026-11-22T10:00:00.000Z",
        channel = "card",
        currency,
        metadata = metadata ?? "",
        customer = new { id = 1, email = "ada@example.org", customer_code = "CUS_x" },
    };

    /// <summary>Korapay tells of something.</summary>
    public static Task KorapaySaysAsync(this AppHost host, string type, object data)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(data);
        return host.SaysAsync("korapay", [.. Encoding.UTF8.GetBytes($$"""{"event":"{{type}}","data":"""), .. json, (byte)'}'],
            _ => Korapay(json));
    }

    /// <summary>Meta tells of messages and statuses.</summary>
    public static Task MetaSaysAsync(this AppHost host, params object[] values) =>
        host.SaysAsync("whatsapp", MetaBody(values), body => Meta(body));

    /// <summary>A delivery of Meta's with an entry for each value.</summary>
    public static byte[] MetaBody(params object[] values) => JsonSerializer.SerializeToUtf8Bytes(new
    {
        @object = "whatsapp_business_account",
        entry = values.Select((value, i) => new { id = $"waba-{i}", changes = new[] { new { value, field = "messages" } } }),
    });

    /// <summary>The number of events in a state.</summary>
    public static Task<long> EventsAsync(this AppHost host, string state) =>
        host.ScalarAsync<long>($"select count(*) from webhook_events where state = '{state}'");

    /// <summary>Waits until no event waits.</summary>
    public static Task ProcessedAsync(this AppHost host) =>
        Poll.UntilAsync("events are processed", async () => await host.EventsAsync("received") == 0);

    private static async Task SaysAsync(this AppHost host, string provider, byte[] body, Func<byte[], string> sign)
    {
        using var response = await host.SendAsync(provider, body, sign(body));
        Assert.True(response.StatusCode == HttpStatusCode.OK, await response.Content.ReadAsStringAsync());
    }
}
