namespace App.Platform.Serving;

/// <summary>
/// Ends all <see cref="DrainingService"/>s together when draining begins. The host would end one after the other, and
/// what the first takes of the time would be lacking to the last.
/// </summary>
internal sealed class Draining(IServiceProvider services) : IHostedLifecycleService
{
    private DrainingService[] draining = [];

    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        // Asked for here: this is one of them, and cannot be made from them all.
        draining = [.. services.GetServices<IHostedService>().OfType<DrainingService>()];
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppingAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(draining.Select(service => service.StopAsync(cancellationToken)));

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
