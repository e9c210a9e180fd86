using System.Diagnostics.Metrics;

namespace App.Engines.Background;

/// <summary>What <c>/metrics</c> says of the background jobs of this process.</summary>
internal sealed class BackgroundMetrics
{
    /// <summary>The meter of the slice.</summary>
    public const string MeterName = "Tandem.Background";

    private readonly Counter<long> ended;
    private readonly Histogram<double> seconds;

    /// <summary>Makes the instruments.</summary>
    public BackgroundMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        ended = meter.CreateCounter<long>("tandem_background_attempts_total", "{attempt}",
            "Attempts of background jobs by type and outcome.");
        seconds = meter.CreateHistogram<double>("tandem_background_seconds", "s", "Duration of an attempt of a background job.");
    }

    /// <summary>An attempt has ended: succeeded, failed, aborted or requeued.</summary>
    public void Ended(string type, string outcome, TimeSpan took)
    {
        ended.Add(1, new("type", type), new("outcome", outcome));
        seconds.Record(took.TotalSeconds, new KeyValuePair<string, object?>("type", type));
    }
}
