using App.Engines.Jobs.Api;
using App.Platform.Observability;

namespace App.Engines.Jobs.Upkeep;

/// <summary>The queue's part of <c>/health</c>.</summary>
internal sealed class JobHealth(JobFigures figures, JobPins pins)
{
    private const double LateSeconds = 60;

    /// <summary>
    /// Degraded when jobs wait and nobody runs them, when they have waited for a minute, or when something pins dead rows.
    /// </summary>
    public async Task<PartHealth> CheckAsync(CancellationToken ct)
    {
        var queues = await figures.QueuesAsync(null, ct);
        var workers = (await figures.WorkersAsync(null, ct)).Count(worker => worker.Alive);
        var pinned = await pins.FindAsync(ct);
        var open = queues.Where(queue => queue.PausedAt is null).ToList();
        var note = workers == 0 && open.Exists(queue => queue.OldestWaitingSeconds is not null) ? "No worker runs jobs."
            : pinned.Count > 0
            ? $"Dead rows cannot be vacuumed: {pinned[0]}. End it (pg_terminate_backend, rollback prepared, pg_drop_replication_slot)."
            : open.MaxBy(queue => queue.OldestWaitingSeconds ?? 0) is { OldestWaitingSeconds: > LateSeconds } late
            ? $"Jobs of queue '{late.Name}' have waited for {late.OldestWaitingSeconds:0} s."
            : null;
        return new PartHealth(note is null ? HealthStatus.Up : HealthStatus.Degraded, note, new
        {
            workers,
            dead = queues.Sum(queue => queue.States.GetValueOrDefault("dead")),
            queues = queues.Select(queue => new
            {
                queue.Name,
                paused = queue.PausedAt is not null,
                waiting = queue.States.GetValueOrDefault("queued"),
                running = queue.States.GetValueOrDefault("running"),
                queue.OldestWaitingSeconds,
            }),
            pinned,
        });
    }
}
