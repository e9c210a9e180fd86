using App.Platform.Database;
using App.Platform.Serving;

namespace App.Engines.Streams;

/// <summary>
/// Runs the consumer groups of a worker: for each, one loop that keeps the leases of its shards and one that handles their entries.
/// </summary>
internal sealed class StreamWorker(
    Postgres postgres, StreamOptions options, IEnumerable<IStreamHandler> handlers, Notifications notifications, StreamMetrics metrics,
    TimeProvider time, ILogger<StreamWorker> log)
    : DrainingService
{
    private readonly SemaphoreSlim oneInHand = new(1);
    private readonly Signal appended = notifications.On(StreamAppender.Channel);

    /// <inheritdoc/>
    public override void Dispose()
    {
        oneInHand.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        options.Enabled ? Task.WhenAll(handlers.Select(handler => RunGroupAsync(handler, stoppingToken))) : Task.CompletedTask;

    private async Task RunGroupAsync(IStreamHandler handler, CancellationToken ct)
    {
        await Task.Yield();
        var leases = new ShardLeases(postgres, options, handler.Stream, handler.Group, log);
        await using var consumer = new StreamConsumer(postgres, handler, leases, options, oneInHand, metrics, time, log);
        log.LogInformation("Consuming {Stream:l} as group {Group:l}", handler.Stream, handler.Group);
        using var keeping = new ShardLeaseLoop(postgres, leases, handler, options, appended, time, log);
        using var consuming = new StreamConsumeLoop(consumer, handler, options, appended, time, log);
        await Task.WhenAll(keeping.RunAsync(ct), consuming.RunAsync(ct));
        // What was in flight is committed or will be read again by the next owner, who need not wait for the leases to end.
        await LeaveAsync(leases, handler);
    }

    private async Task LeaveAsync(ShardLeases leases, IStreamHandler handler)
    {
        try
        {
            await leases.LeaveAsync(CancellationToken.None);
        }
        catch (Exception e) when (TransientFault.Is(e))
        {
            log.LogWarning("Shards of {Group} could not be given back and will expire: {Error}", handler.Group, e.Message);
        }
    }
}
