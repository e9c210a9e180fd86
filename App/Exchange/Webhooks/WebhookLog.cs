using App.Platform.Observability;

namespace App.Exchange.Webhooks;

/// <summary>One line for each request of a provider, as many a second as can be read. What is in it is not logged.</summary>
internal sealed class WebhookLog(ILogger<WebhookLog> log, TimeProvider time) : IDisposable
{
    private readonly LogRate received = new(log, "webhooks received", time);

    /// <summary>A provider has sent a request.</summary>
    /// <param name="provider">Which.</param>
    /// <param name="result">What became of it: stored, repeated, unreadable, bad_signature, too_large.</param>
    public void Received(string provider, string result)
    {
        if (received.Allows())
            log.Log(result is "stored" or "repeated" ? LogLevel.Information : LogLevel.Warning, "Webhook received: {Provider} {Result:l}",
                provider, result);
    }

    /// <inheritdoc/>
    public void Dispose() => received.Dispose();
}
