using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using App.Engines.Jobs;
using App.Exchange.Messages.Channels;
using App.Exchange.Messages.Delivering;
using App.Platform.Http;
using App.Platform.Observability;

namespace App.Exchange.Messages.OutboundWebhooks;

/// <summary>
/// Webhooks as Standard Webhooks 1.0 says: signed, 2xx alone is success, redirects are not followed, 410 closes the
/// endpoint. An answer that was lost is asked for again under the same <c>webhook-id</c>.
/// </summary>
internal sealed class WebhookChannel(Egress egress, MessageOptions options, TimeProvider time) : IMessageChannel, IDisposable
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private readonly HttpMessageInvoker http = egress.NewInvoker();

    /// <inheritdoc/>
    public string Name => MessageChannel.Webhook;

    /// <inheritdoc/>
    public string? MissingVariables => null;

    /// <inheritdoc/>
    public RetrySchedule Schedule => options.WebhookSchedule;

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    /// <inheritdoc/>
    public IReadOnlyList<JobLimit> LimitsOf(string to) => [];

    /// <inheritdoc/>
    public void Validate(string to, JsonElement body, List<FieldError> faults)
    {
        if (WebhookUrl.CureOf(to) is { } cure) faults.Add(new FieldError("to", Problems.Shorten(to), cure));
    }

    /// <inheritdoc/>
    public async Task<AttemptResult> SendAsync(TakenMessage message, CancellationToken ct)
    {
        var secret = message.Secret is { } registered ? WebhookSecret.Parse(registered) : options.SigningSecret;
        if (secret is null)
            return new(AttemptEnd.Refused,
                "There is nothing to sign it with: register the URL (POST /api/webhook-endpoints), or let the operator "
                + "set WEBHOOK_SIGNING_SECRET.");
        var id = message.Id.ToString();
        var timestamp = time.GetUtcNow().ToUnixTimeSeconds();
        var signature = secret.Sign(id, timestamp, message.Body);
        if (message.PreviousSecret is { } previous && WebhookSecret.Parse(previous) is { } old)
            signature += " " + old.Sign(id, timestamp, message.Body);

        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(message.To));
        request.Content = new ByteArrayContent(message.Body);
        request.Content.Headers.ContentType = Json;
        request.Headers.TryAddWithoutValidation("webhook-id", id);
        request.Headers.TryAddWithoutValidation("webhook-timestamp", timestamp.ToString(CultureInfo.InvariantCulture));
        request.Headers.TryAddWithoutValidation("webhook-signature", signature);
        request.Headers.TryAddWithoutValidation("User-Agent", "Tandem-Webhooks/1.0");
        if (message.TellsTrace && TraceContext.Current is { } traceparent)
            request.Headers.TryAddWithoutValidation("traceparent", traceparent);

        var (answer, failure) = await HttpAttempt.SendAsync(http, request, options.WebhookTimeout, time, ct);
        var result = failure ?? ResultOf(answer!);
        return result with
        {
            Request = HeadersJson.Of(request),
            Status = answer?.Status,
            ResponseHeaders = answer?.Headers,
            ResponseBody = answer?.Body
        };
    }

    private static AttemptResult ResultOf(HttpAnswer answer) => answer.Status switch
    {
        >= 200 and <= 299 => new(AttemptEnd.Delivered),
        410 => new(AttemptEnd.Refused, "It answered 410 (gone): the endpoint is closed until it is enabled."),
        >= 300 and <= 399 => new(AttemptEnd.Failed, $"It answered {answer.Status}: redirects are not followed, register the final URL."),
        _ => new(AttemptEnd.Failed, $"It answered {answer.Status}.") { RetryAfter = answer.RetryAfter },
    };
}
