using System.Diagnostics.Metrics;

namespace App.Runs.Upkeep;

/// <summary>What <c>/metrics</c> says of runs that have not ended: counted by the leading worker, and shown by it alone.</summary>
internal sealed class RunGauges
{
    /// <summary>How often they are counted.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly RunFigures figures;
    private readonly TimeProvider time;
    private (long At, RunCounts Counts)? seen;

    /// <summary>Shows nothing before the first count.</summary>
    public RunGauges(RunFigures figures, IMeterFactory meters, TimeProvider time)
    {
        (this.figures, this.time) = (figures, time);
        var meter = meters.Create(RunMetrics.MeterName);
        meter.CreateObservableGauge("tandem_runs_active",
            () =>
                Show<long>(now =>
                    [new(now.Pending, new KeyValuePair<string, object?>("status", RunState.Pending)),
                        new(now.Running, new KeyValuePair<string, object?>("status", RunState.Running))]), "{run}",
                        "Runs that have not ended, by status.");
        meter.CreateObservableGauge("tandem_runs_oldest_pending_seconds", () => Show<double>(now => [new(now.OldestPendingSeconds ?? 0)]),
            "s", "How long the oldest run without a step begun has waited.");
    }

    /// <summary>One tick: counts.</summary>
    public async Task RunOnceAsync(CancellationToken ct) => seen = (time.GetTimestamp(), await figures.CountAsync(ct));

    // What was counted long ago was counted by a process that leads no more.
    private IEnumerable<Measurement<T>> Show<T>(Func<RunCounts, IEnumerable<Measurement<T>>> measure) where T : struct =>
        seen is var (at, counts) && time.GetElapsedTime(at) < 4 * Interval ? measure(counts) : [];
}
