using System.Diagnostics.Metrics;

namespace App.Exchange.Webhooks;

/// <summary>What <c>/metrics</c> says of events of providers.</summary>
internal sealed class WebhookMetrics
{
    private readonly Counter<long> received;
    private readonly Histogram<double> delaySeconds;

    /// <summary>Counts from zero.</summary>
    public WebhookMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("Tandem.Webhooks");
        received = meter.CreateCounter<long>("tandem_webhooks_received_total", "{request}", "Requests of providers by result.");
        delaySeconds = meter.CreateHistogram<double>("tandem_webhook_delay_seconds", "s", "From receipt to committed effects.");
    }

    /// <summary>A provider has sent a request: stored, repeated, unreadable, bad_signature, too_large.</summary>
    public void Received(string provider, string result) => received.Add(1, new("provider", provider), new("result", result));

    /// <summary>The effects of an event are committed.</summary>
    /// <param name="provider">Whose event.</param>
    /// <param name="delay">Since its receipt, by two clocks, which may disagree.</param>
    public void Processed(string provider, TimeSpan delay) =>
        delaySeconds.Record(Math.Max(0, delay.TotalSeconds), new KeyValuePair<string, object?>("provider", provider));
}
