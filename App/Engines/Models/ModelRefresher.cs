using App.Engines.Models.Shadow;
using App.Platform.Database;

namespace App.Engines.Models;

/// <summary>
/// Registers the shipped models, loads what is active, and follows activations: within milliseconds by notification,
/// and by a look every five seconds, because a notification is only a hint.
/// </summary>
internal sealed class ModelRefresher(
    Notifications notifications, ShippedModels shipped, ActiveModels models, ShadowModels shadows, TimeProvider time, ILogger<ModelRefresher> log) : BackgroundService
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await FollowAsync(stoppingToken);
            }
            catch (Exception e)
            {
                if (stoppingToken.IsCancellationRequested) return;
                log.LogWarning("The model registry cannot be followed: {Error}", e.Message);
                await Task.Delay(Pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task FollowAsync(CancellationToken ct)
    {
        await shipped.RegisterAsync(ShippedModels.Folder, ct);
        await RefreshAsync(ct);
        if (!models.RunsAny)
        {
            // Nothing here would be swapped, and PostgreSQL wakes everyone who listens at every commit of readings.
            while (true)
            {
                await Task.Delay(Poll, time, ct);
                await RefreshAsync(ct);
            }
        }
        var changes = notifications.On(ModelRegistry.Channel);
        while (true)
        {
            // Taken before looking, so that no activation falls between.
            var next = changes.Next;
            await RefreshAsync(ct);
            await next.WaitAsync(Poll, time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            ct.ThrowIfCancellationRequested();
        }
    }

    private async Task RefreshAsync(CancellationToken ct)
    {
        await models.RefreshAsync(ct);
        await shadows.RefreshAsync(ct);
    }
}
