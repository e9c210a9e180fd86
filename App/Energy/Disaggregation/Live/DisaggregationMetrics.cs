using System.Diagnostics.Metrics;

namespace App.Energy.Disaggregation.Live;

/// <summary>What <c>/metrics</c> says of predictions.</summary>
internal sealed class DisaggregationMetrics
{
    private readonly Counter<long> predictions;
    private readonly Counter<long> windows;
    private readonly Histogram<double> inferenceSeconds;

    /// <summary>Counts from zero.</summary>
    public DisaggregationMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("Tandem.Disaggregation");
        predictions = meter.CreateCounter<long>("tandem_predictions_total", "{prediction}", "Predictions written.");
        windows = meter.CreateCounter<long>("tandem_inference_windows_total", "{window}", "Windows through a model.");
        inferenceSeconds = meter.CreateHistogram<double>("tandem_inference_seconds", "s", "Duration of one batch through a model.");
        // Shown as zero before the first, so that its rise can be seen.
        predictions.Add(0);
        windows.Add(0);
    }

    /// <summary>Predictions are committed.</summary>
    public void Committed(int count) => predictions.Add(count);

    /// <summary>A batch of windows went through the model.</summary>
    public void Inferred(int count, double seconds)
    {
        inferenceSeconds.Record(seconds);
        windows.Add(count);
    }
}
