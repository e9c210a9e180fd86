using System.Text.Json;
using App.Platform.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace App.Exchange.Webhooks;

/// <summary><c>/webhooks/{provider}</c>: what providers call. The signature is the key.</summary>
internal static class WebhookEndpoints
{
    private const int MostBytes = 1 << 20;

    /// <summary>Maps the calls.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        var webhooks = routes.MapGroup("/webhooks").WithTags("webhooks");
        webhooks.MapPost("{provider}", ReceiveAsync).WithMetadata(new RequestSizeLimitAttribute(MostBytes)).Takes<JsonElement>()
            .Refuses(401, 404, 503)
            .Describe("receiveWebhook", "Take an event of a provider",
                "Signed as the provider signs it: the signature is the key. Answered when the event is durable; the same again does "
                + "nothing.")
            .PathParameter("provider", "`whatsapp`, `paystack` or `korapay`.");
        webhooks.MapGet("{provider}", (string provider, HttpRequest request, IEnumerable<IWebhookProvider> providers) =>
            Find(providers, provider)?.Challenge(request) ?? Problems.NotFound("webhook to be asked", provider)).Refuses(403, 404)
            .Describe("answerWebhookChallenge", "Show a provider that this address is ours",
                "WhatsApp asks so once: the challenge is answered as it came.")
            .PathParameter("provider", "`whatsapp`.")
            .QueryParameter("hub.mode", "`subscribe`.").QueryParameter("hub.verify_token", "What the operator has set.")
            .QueryParameter("hub.challenge", "What is answered.")
            .AnswersText("text/plain", "1158201444");
    }

    private static async Task<Results<Ok, ProblemHttpResult>> ReceiveAsync(
        string provider, HttpRequest request, IEnumerable<IWebhookProvider> providers, WebhookInbox inbox, WebhookMetrics metrics,
        WebhookLog log, CancellationToken ct)
    {
        if (Find(providers, provider) is not { } found) return Problems.NotFound("webhook", provider);
        // Not 404: a provider tries again what is unavailable, and nothing is lost that comes before the secret is set.
        if (!found.IsOn)
            return Problems.Of(StatusCodes.Status503ServiceUnavailable, "This webhook is off.",
                new FieldError(found.SecretVariable, null, "let the operator set it to the provider's secret"));
        var signature = request.Headers[found.SignatureHeader].ToString();
        // Who sends none is not listened to any further.
        var body = signature.Length == 0 ? [] : await ReadAsync(found, request, metrics, log, ct);
        if (signature.Length == 0 || !found.IsGenuine(signature, body))
        {
            Note(found, "bad_signature", metrics, log);
            return Problems.Of(StatusCodes.Status401Unauthorized, "The signature is not valid.",
                new FieldError(found.SignatureHeader, null,
                    $"sign the body as {found.Name} does, with the secret of {found.SecretVariable}"));
        }
        Note(found, await inbox.StoreAsync(found, body, request.Headers, ct), metrics, log);
        return TypedResults.Ok();
    }

    private static async Task<byte[]> ReadAsync(IWebhookProvider provider, HttpRequest request, WebhookMetrics metrics, WebhookLog log,
        CancellationToken ct)
    {
        try
        {
            using var buffer = new MemoryStream((int)Math.Min(request.ContentLength ?? 4096, MostBytes));
            await request.Body.CopyToAsync(buffer, ct);
            return buffer.ToArray();
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            Note(provider, "too_large", metrics, log);
            throw;
        }
    }

    private static IWebhookProvider? Find(IEnumerable<IWebhookProvider> providers, string name) =>
        providers.FirstOrDefault(provider => provider.Name == name);

    private static void Note(IWebhookProvider provider, string result, WebhookMetrics metrics, WebhookLog log)
    {
        metrics.Received(provider.Name, result);
        log.Received(provider.Name, result);
    }
}
