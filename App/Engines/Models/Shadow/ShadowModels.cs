using App.Platform.Configuration;

namespace App.Engines.Models.Shadow;

/// <summary>
/// The candidates that run in this process beside what it serves with: whatever a serving model is asked may be shown to
/// its <see cref="ModelSlot.Shadow"/>. <see cref="RefreshAsync"/> follows the registry, <see cref="CompareAsync"/> compares and
/// writes down.
/// </summary>
internal sealed class ShadowModels(
    ShadowRegistry shadows, ModelRegistry registry, ModelLoader loader, ActiveModels models, PlatformOptions options, TimeProvider time,
    ILogger<ShadowModels> log)
    : IDisposable
{
    // A candidate is not let go of while it is compared.
    private readonly SemaphoreSlim gate = new(1);

    /// <summary>Loads candidates that were started, and lets go of those that have ended.</summary>
    public async Task RefreshAsync(CancellationToken ct)
    {
        await gate.WaitAsync(ct);
        try
        {
            var running = (await shadows.RunningAsync(ct)).Where(row => options.Worker || loader.ServesInWeb(row.Name))
                .ToDictionary(row => row.Name);
            foreach (var slot in models.Slots.Where(slot =>
                slot.Shadow.Running is { } pair && running.GetValueOrDefault(slot.Name)?.Id != pair.Id))
                slot.Shadow.Swap(null);
            foreach (var row in running.Values)
            {
                var shadow = models.Get(row.Name).Shadow;
                if (shadow.Running?.Id != row.Id && shadow.FaultyId != row.Id) await LoadAsync(shadow, row, ct);
            }
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Compares what was sampled since the last time. A candidate that fails is counted, and what serves is not touched.</summary>
    public async Task CompareAsync(CancellationToken ct)
    {
        await gate.WaitAsync(ct);
        try
        {
            foreach (var slot in models.Slots)
            {
                if (slot.Shadow.Running is not { } pair) continue;
                var tally = Compare(slot, pair);
                if (!tally.IsEmpty) await shadows.AddAsync(pair.Id, tally, ct);
            }
        }
        finally
        {
            gate.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var slot in models.Slots) slot.Shadow.Swap(null);
        gate.Dispose();
    }

    private async Task LoadAsync(ModelShadow shadow, ShadowRow row, CancellationToken ct)
    {
        try
        {
            var candidate = await registry.FindAsync(row.Name, row.Candidate, ct) ?? throw new InvalidModelException("It is gone.");
            shadow.Swap(new ShadowPair(row.Id, row.ActiveId, await loader.LoadAsync(candidate, ct)));
            log.LogInformation("Candidate {Candidate:l} runs beside version {Active}", candidate.Label, row.Active);
        }
        catch (InvalidModelException e)
        {
            shadow.FaultyId = row.Id;
            log.LogWarning("Candidate {Name:l}@{Candidate} cannot run beside the active version: {Fault:l}",
                row.Name, row.Candidate, e.Detail);
            var tally = new ShadowTally();
            tally.AddFailure(e.Message);
            await shadows.AddAsync(row.Id, tally, ct);
        }
    }

    private ShadowTally Compare(ModelSlot slot, ShadowPair pair)
    {
        var tally = new ShadowTally();
        using var active = slot.Acquire();
        // Another version may have been activated since: what it says is not what this shadow is about.
        if (active is null || active.VersionId != pair.ActiveId || active.Model.Spec.Input.RowSize != pair.RowSize) return tally;
        while (slot.Shadow.TryTake(out var input))
        {
            try
            {
                var (says, took) = Run(pair.Candidate, input);
                var (activeSays, activeTook) = Run(active.Model, input);
                tally.Add(activeSays, says, activeTook, took);
            }
            catch (InvalidModelException e)
            {
                // Once for all that was sampled: a candidate that fails may do so on every row.
                if (tally.Fault is null) log.LogWarning("A candidate fails on live input of {Name:l}: {Fault:l}", slot.Name, e.Detail);
                tally.AddFailure(e.Message);
            }
        }
        return tally;
    }

    private (string Says, TimeSpan Took) Run(OnnxModel model, float[] input)
    {
        var output = new float[model.Spec.Output.RowSize];
        var began = time.GetTimestamp();
        model.RunUnseen(input, output, 1);
        return (loader.Says(model.Spec, output), time.GetElapsedTime(began));
    }
}
