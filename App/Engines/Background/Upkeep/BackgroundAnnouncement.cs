namespace App.Engines.Background.Upkeep;

/// <summary>Says in the log that this process runs background jobs, and which.</summary>
internal sealed class BackgroundAnnouncement(BackgroundOptions options, IHostApplicationLifetime lifetime,
    ILogger<BackgroundAnnouncement> log) : IHostedService
{
    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        // Servers start when the host has.
        lifetime.ApplicationStarted.Register(() =>
            log.LogInformation("Hangfire server started: {Queues:l}",
                string.Join(", ", options.Workers.Where(queue => queue.Value > 0).Select(queue => $"{queue.Key} ({queue.Value})"))));
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
