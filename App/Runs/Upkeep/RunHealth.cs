using App.Platform.Observability;

namespace App.Runs.Upkeep;

/// <summary>The part <c>runs</c> of <c>/health</c>.</summary>
internal sealed class RunHealth(RunFigures figures)
{
    private const double LateSeconds = 60;

    /// <summary>Degraded when a run has waited for a minute for its first step. Runs that fail are their senders' concern.</summary>
    public async Task<PartHealth> CheckAsync(CancellationToken ct)
    {
        var counts = await figures.CountAsync(ct);
        return counts.OldestPendingSeconds > LateSeconds
            ? new PartHealth(HealthStatus.Degraded,
                $"A run has waited for {counts.OldestPendingSeconds:0} s for its first step: see the queue.", counts)
            : new PartHealth(HealthStatus.Up, Details: counts);
    }
}
