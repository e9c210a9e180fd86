using System.Diagnostics.Metrics;
using App.Platform.Observability;

namespace App.Engines.Background;

/// <summary>Metrics of background jobs.</summary>
internal static class BackgroundTelemetry
{
    /// <summary>The meter that they belong to.</summary>
    public static readonly Meter Meter = new(Telemetry.Meter.Name, Telemetry.Meter.Version);

    /// <summary>Attempts that ended, by type and outcome: succeeded, failed, aborted, requeued.</summary>
    public static readonly Counter<long> Ended = Meter.CreateCounter<long>("tandem_background_attempts_total", "{attempt}", "Attempts of background jobs by type and outcome.");

    /// <summary>How long an attempt took, by type.</summary>
    public static readonly Histogram<double> Seconds = Meter.CreateHistogram<double>("tandem_background_seconds", "s", "Duration of an attempt of a background job.");
}
