using System.Diagnostics.Metrics;
using App.Engines.Jobs.Api;

namespace App.Engines.Jobs.Upkeep;

/// <summary>What <c>/metrics</c> says of the queue as a whole: counted by the leading worker, and shown by it alone.</summary>
internal sealed class JobGauges
{
    /// <summary>How often they are counted.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly JobFigures figures;
    private readonly JobPins pins;
    private readonly TimeProvider time;
    private Seen? seen;

    private sealed record Seen(long At, IReadOnlyList<QueueDepth> Queues, int Workers, IReadOnlyList<Pin> Pins);

    /// <summary>Shows nothing before the first count.</summary>
    public JobGauges(JobFigures figures, JobPins pins, IMeterFactory meters, TimeProvider time)
    {
        (this.figures, this.pins, this.time) = (figures, pins, time);
        var meter = meters.Create(JobMetrics.MeterName);
        meter.CreateObservableGauge("tandem_jobs_waiting",
            () => Show(now => now.Queues.SelectMany(queue => JobFilter.LiveStates.Select(state =>
            new Measurement<long>(queue.States.GetValueOrDefault(state), new("queue", queue.Name), new("state", state))))), "{job}",
            "Jobs that have not succeeded, by queue and state.");
        meter.CreateObservableGauge("tandem_jobs_oldest_waiting_seconds", () => Show(now => now.Queues.Select(queue =>
            new Measurement<double>(queue.OldestWaitingSeconds ?? 0, new KeyValuePair<string, object?>("queue", queue.Name)))), "s",
            "How long the oldest queued job has been due.");
        meter.CreateObservableGauge("tandem_jobs_workers", () => Show<int>(now => [new(now.Workers)]), "{worker}",
            "Workers whose lease holds.");
        meter.CreateObservableGauge("tandem_jobs_pinned_seconds", () => Show(now => now.Pins.Select(pin => new Measurement<double>(
            pin.Seconds ?? 0, new("holder", pin.Holder), new("name", pin.Name), new("pid", pin.Pid?.ToString() ?? ""),
            new("state", pin.State)))), "s", "For how long something has kept dead rows from being vacuumed.");
    }

    /// <summary>One tick: counts.</summary>
    public async Task RunOnceAsync(CancellationToken ct) =>
        seen = new(time.GetTimestamp(), await figures.QueuesAsync(null, ct),
            (await figures.WorkersAsync(null, ct)).Count(worker => worker.Alive), await pins.FindAsync(ct));

    // What was counted long ago was counted by a process that leads no more.
    private IEnumerable<Measurement<T>> Show<T>(Func<Seen, IEnumerable<Measurement<T>>> measure) where T : struct =>
        seen is { } now && time.GetElapsedTime(now.At) < 4 * Interval ? measure(now) : [];
}
