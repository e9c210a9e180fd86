using App.Platform.Observability;

namespace App.Engines.Models;

/// <summary>The part <c>models</c> of <c>/health</c>: each name with what is active, what serves here, and why not.</summary>
internal sealed class ModelsHealth(ActiveModels models)
{
    /// <summary>Degraded while a wanted version does not serve.</summary>
    public Task<PartHealth> CheckAsync(CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var slots = models.Slots.ToList();
        var faults = slots.Count == 0
            ? ["No model is active: register a version and activate it."]
            : slots.Where(slot => slot.Fault is not null).Select(slot => $"{slot.Name}: {slot.Fault}").ToList();
        var details = slots.Select(slot => new
        {
            slot.Name,
            Active = slot.Wanted?.Version,
            Serving = slot.Serving?.Version,
            Loaded = slot.Serving is not null && slot.Fault is null,
            RunBy = slot.Serving is null && slot.Fault is null ? "workers" : "this process",
            slot.Wanted?.Sha256,
            slot.Since,
            slot.Fault,
        });
        return Task.FromResult(faults.Count == 0
            ? new PartHealth(HealthStatus.Up, Details: details)
            : new PartHealth(HealthStatus.Degraded, string.Join(" ", faults), details));
    }
}
