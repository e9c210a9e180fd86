using App.Platform.Database;
using Npgsql;

namespace App.Models;

/// <summary>
/// Registers the shipped models, loads what is active, and follows activations: within milliseconds by notification,
/// and by a look every five seconds, because a notification is only a hint.
/// </summary>
internal sealed class ModelRefresher(
    Postgres postgres, ShippedModels shipped, ActiveModels models, TimeProvider time, ILogger<ModelRefresher> log) : BackgroundService
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
        await models.RefreshAsync(ct);
        if (!models.RunsAny)
        {
            // Nothing here would be swapped, and PostgreSQL wakes everyone who listens at every commit of readings.
            while (true)
            {
                await Task.Delay(Poll, time, ct);
                await models.RefreshAsync(ct);
            }
        }
        await using var connection = await postgres.OpenOwnAsync("models", ct);
        await using var listen = new NpgsqlCommand($"listen {ModelRegistry.Channel}", connection);
        await listen.ExecuteNonQueryAsync(ct);
        while (true)
        {
            // Before waiting: an activation may have come before the listening.
            await models.RefreshAsync(ct);
            await connection.WaitAsync(Poll, ct);
        }
    }
}
