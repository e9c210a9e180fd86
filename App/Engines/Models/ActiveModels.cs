using System.Collections.Concurrent;
using App.Platform.Configuration;

namespace App.Engines.Models;

/// <summary>
/// The models that this process serves with. <c>using var use = models.Get("disaggregation").Acquire();</c> gives the
/// active one for a batch, or null; <see cref="RefreshAsync(CancellationToken)"/> follows the registry.
/// </summary>
internal sealed class ActiveModels(
    ModelRegistry registry, ModelLoader loader, PlatformOptions options, TimeProvider time, ILogger<ActiveModels> log) : IDisposable
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(30);
    private readonly SemaphoreSlim refreshing = new(1);
    private readonly ConcurrentDictionary<string, ModelSlot> slots =
        new(loader.Names.Select(name => KeyValuePair.Create(name, new ModelSlot(name, time))), StringComparer.Ordinal);

    /// <summary>Every name that is wanted or active.</summary>
    public IEnumerable<ModelSlot> Slots => slots.Values.OrderBy(slot => slot.Name, StringComparer.Ordinal);

    /// <summary>Whether this process runs any model, or leaves them all to workers.</summary>
    public bool RunsAny => options.Worker || loader.Names.Any(loader.ServesInWeb);

    /// <summary>The slot of a name; it stays the same as long as the process lives.</summary>
    public ModelSlot Get(string name) => slots.GetOrAdd(name, static (n, clock) => new ModelSlot(n, clock), time);

    /// <summary>Whether a version serves in this process.</summary>
    public bool IsServing(ModelVersion version) => slots.TryGetValue(version.Name, out var slot) && slot.Serving?.Id == version.Id;

    /// <summary>Loads what has become active and swaps it in. What cannot be loaded leaves the old one serving.</summary>
    public async Task RefreshAsync(CancellationToken ct)
    {
        await refreshing.WaitAsync(ct);
        try
        {
            var active = await registry.ActiveAsync(ct);
            foreach (var version in active) await RefreshAsync(Get(version.Name), version, ct);
            foreach (var slot in Slots.ExceptBy(active.Select(version => version.Name), slot => slot.Name))
                slot.Clear($"No version of '{slot.Name}' is active: register one and activate it.");
        }
        finally
        {
            refreshing.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var slot in Slots) slot.Clear("The process is stopping.");
        refreshing.Dispose();
    }

    private async Task RefreshAsync(ModelSlot slot, ModelVersion version, CancellationToken ct)
    {
        if (slot.Serving?.Id == version.Id && slot.Fault is null) return;
        if (!options.Worker && !loader.ServesInWeb(version.Name))
        {
            // It takes memory, and only workers run it.
            slot.LeaveToWorkers(version);
            return;
        }
        if (slot.Wanted?.Id == version.Id && slot.Fault is not null && time.GetUtcNow() < slot.RetryAt) return;
        try
        {
            var model = await loader.LoadAsync(version, ct);
            model.ShowTo(slot.Shadow);
            slot.Swap(new LoadedModel(model, version), time.GetUtcNow());
            log.LogInformation("Loaded model {Model:l} input {Input:l} output {Output:l}", version.Label, model.Spec.Input.ToString(),
                model.Spec.Output.ToString());
        }
        catch (InvalidModelException e)
        {
            if (slot.Fault != e.Message)
            {
                log.LogError("Model {Model:l} cannot be loaded: {Fault:l} {Serving:l} serves on",
                    version.Label, e.Detail, slot.Serving?.Label ?? "None");
            }
            slot.Fail(version, e.Message, time.GetUtcNow() + RetryDelay);
        }
    }
}
