using System.Diagnostics.Metrics;

namespace App.Engines.Background.Upkeep;

/// <summary>What <c>/metrics</c> says of background jobs as a whole: counted by the leading worker, and shown by it alone.</summary>
internal sealed class BackgroundGauges
{
    /// <summary>How often they are counted.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);

    private readonly BackgroundFigures figures;
    private readonly TimeProvider time;
    private (long At, BackgroundState State)? seen;

    /// <summary>Shows nothing before the first count.</summary>
    public BackgroundGauges(BackgroundFigures figures, IMeterFactory meters, TimeProvider time)
    {
        (this.figures, this.time) = (figures, time);
        var meter = meters.Create(BackgroundMetrics.MeterName);
        meter.CreateObservableGauge("tandem_background_servers", () => Show<int>(now => [new(now.Servers)]), "{server}",
            "Hangfire servers that are alive.");
        meter.CreateObservableGauge("tandem_background_failed", () => Show<long>(now => [new(now.Failed)]), "{job}",
            "Background jobs that have failed for good.");
        meter.CreateObservableGauge("tandem_background_scheduled", () => Show<long>(now => [new(now.Scheduled)]), "{job}",
            "Background jobs that wait for a time, retries among them.");
        meter.CreateObservableGauge("tandem_background_enqueued", () => Show(now => now.Queues.Select(queue => Of(queue, queue.Enqueued))),
            "{job}", "Background jobs that wait for a worker, by queue.");
        meter.CreateObservableGauge("tandem_background_processing",
            () => Show(now => now.Queues.Select(queue => Of(queue, queue.Processing))), "{job}",
            "Background jobs that a worker has, by queue.");
        meter.CreateObservableGauge("tandem_background_oldest_enqueued_seconds",
            () => Show(now => now.Queues.Select(queue => Of(queue, queue.OldestEnqueuedSeconds ?? 0))), "s",
            "How long the oldest background job of a queue has waited.");
    }

    /// <summary>One tick: counts.</summary>
    public async Task RunOnceAsync(CancellationToken ct) => seen = (time.GetTimestamp(), await figures.ReadAsync(ct));

    private static Measurement<T> Of<T>(BackgroundQueue queue, T value) where T : struct =>
        new(value, new KeyValuePair<string, object?>("queue", queue.Name));

    // What was counted long ago was counted by a process that leads no more.
    private IEnumerable<Measurement<T>> Show<T>(Func<BackgroundState, IEnumerable<Measurement<T>>> measure) where T : struct =>
        seen is { } now && time.GetElapsedTime(now.At) < 4 * Interval ? measure(now.State) : [];
}
