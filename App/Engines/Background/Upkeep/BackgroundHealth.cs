using App.Platform.Observability;

namespace App.Engines.Background.Upkeep;

/// <summary>The part <c>background</c> of <c>/health</c>: servers, queues, failed jobs, how long the oldest has waited.</summary>
internal sealed class BackgroundHealth(BackgroundFigures figures)
{
    private const double LateSeconds = 60;

    /// <summary>Degraded when jobs wait that nobody runs, when one has waited for a minute, and while failed ones are left.</summary>
    public async Task<PartHealth> CheckAsync(CancellationToken ct)
    {
        var state = await figures.ReadAsync(ct);
        var deserted = state.Queues.FirstOrDefault(queue => queue is { Workers: 0, Enqueued: > 0 });
        var note = deserted is not null ? $"No worker runs the jobs of queue '{deserted.Name}'."
            : state.Queues.MaxBy(queue => queue.OldestEnqueuedSeconds ?? 0) is { OldestEnqueuedSeconds: > LateSeconds } late
            ? $"Jobs of queue '{late.Name}' have waited for {late.OldestEnqueuedSeconds:0} s."
            : state.Failed > 0
            ? $"{state.Failed} background {(state.Failed == 1 ? "job has" : "jobs have")} failed: requeue "
                + $"or delete {(state.Failed == 1 ? "it" : "them")} at /hangfire/jobs/failed."
            : null;
        return new PartHealth(note is null ? HealthStatus.Up : HealthStatus.Degraded, note, state);
    }
}
