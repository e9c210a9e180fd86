using System.Diagnostics.Metrics;

namespace App.Signs.Fingerspelling.Live;

/// <summary>What <c>/metrics</c> says of live connections.</summary>
internal sealed class LiveMetrics
{
    private readonly Counter<long> refused;
    private readonly Counter<long> ended;
    private readonly Histogram<double> batchSeconds;

    /// <summary>Counts from zero.</summary>
    public LiveMetrics(IMeterFactory meters, LiveConnections connections)
    {
        var meter = meters.Create("Tandem.Live");
        refused = meter.CreateCounter<long>("tandem_live_refused_total", "{connection}", "Live connections refused, by reason.");
        ended = meter.CreateCounter<long>("tandem_live_ended_total", "{connection}", "Live connections that ended, by reason.");
        batchSeconds = meter.CreateHistogram<double>("tandem_live_batch_seconds", "s",
            "From live frames to their answers, one batch in eight.");
        // Looked at when somebody asks: counting every frame in one place would cost more than some of them.
        meter.CreateObservableGauge("tandem_live_connections", () => connections.Places, "{connection}", "Live connections.");
        meter.CreateObservableCounter("tandem_live_frames_total", () => connections.Tally().Answered, "{frame}",
            "Live frames answered, bad ones included.");
        meter.CreateObservableCounter("tandem_live_bad_frames_total", () => connections.Tally().Bad, "{frame}",
            "Live frames answered with an error.");
    }

    /// <summary>An upgrade was refused.</summary>
    public void Refused(string reason) => refused.Add(1, new KeyValuePair<string, object?>("reason", reason));

    /// <summary>A connection has ended.</summary>
    public void Ended(string reason) => ended.Add(1, new KeyValuePair<string, object?>("reason", reason));

    /// <summary>Frames that have arrived together are answered.</summary>
    public void Answered(TimeSpan took) => batchSeconds.Record(took.TotalSeconds);
}
