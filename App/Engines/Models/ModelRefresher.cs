using App.Engines.Models.Shadow;
using App.Platform.Database;
using App.Platform.Serving;

namespace App.Engines.Models;

/// <summary>
/// Registers the shipped models, loads what is active, and follows activations: within milliseconds by notification,
/// and by a look every five seconds, because a notification is only a hint.
/// </summary>
internal sealed class ModelRefresher(
    Notifications notifications, ShippedModels shipped, ActiveModels models, ShadowModels shadows, TimeProvider time,
    ILogger<ModelRefresher> log)
    : Loop("Following the model registry", time, log)
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(5);
    private bool registered;

    /// <summary>Loads what is active by now.</summary>
    public override async Task<Pause> TickAsync(CancellationToken ct)
    {
        // Taken before looking, so that no activation falls between.
        var changed = NextChange;
        if (!registered) await shipped.RegisterAsync(ShippedModels.Folder, ct);
        registered = true;
        await RefreshAsync(ct);
        // From the first look on it is known whether there is anything to listen for.
        return changed is null && models.RunsAny ? Pause.None : new(Poll, changed);
    }

    /// <summary>The database may be another by then: models are registered anew.</summary>
    protected override Task FailedAsync(Exception fault)
    {
        registered = false;
        return Task.CompletedTask;
    }

    // Where no model runs nothing would be swapped, and PostgreSQL wakes everyone who listens at every commit of readings.
    private Task? NextChange => models.RunsAny ? notifications.On(ModelRegistry.Channel).Next : null;

    private async Task RefreshAsync(CancellationToken ct)
    {
        await models.RefreshAsync(ct);
        await shadows.RefreshAsync(ct);
    }
}
