using System.Diagnostics.Metrics;

namespace App.Exchange.Messages;

/// <summary>What <c>/metrics</c> says of deliveries by this process.</summary>
internal sealed class MessageMetrics
{
    /// <summary>Name of the slice's meter.</summary>
    public const string MeterName = "Tandem.Messages";

    private readonly Counter<long> attempts;
    private readonly Histogram<double> seconds;

    /// <summary>Counts from zero.</summary>
    public MessageMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        attempts = meter.CreateCounter<long>("tandem_message_attempts_total", "{attempt}", "Attempts to deliver messages by outcome.");
        seconds = meter.CreateHistogram<double>("tandem_message_attempt_seconds", "s", "Duration of an attempt to deliver a message.");
    }

    /// <summary>An attempt to deliver has ended.</summary>
    public void Attempted(string channel, object outcome, TimeSpan took)
    {
        attempts.Add(1, new("channel", channel), new("outcome", outcome));
        seconds.Record(took.TotalSeconds, new KeyValuePair<string, object?>("channel", channel));
    }
}
