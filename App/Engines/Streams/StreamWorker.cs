using App.Platform.Database;
using App.Platform.Serving;

namespace App.Engines.Streams;

/// <summary>Runs the consumer groups of a worker: for each, one loop that keeps leases and one that consumes.</summary>
internal sealed class StreamWorker(
    Postgres postgres, StreamOptions options, IEnumerable<IStreamHandler> handlers, Notifications notifications, StreamMetrics metrics, TimeProvider time, ILogger<StreamWorker> log)
    : DrainingService
{
    private static readonly TimeSpan AfterFault = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(5);

    // From the beginning of a batch to that of the next. What comes seldom is not kept waiting by it.
    private static readonly TimeSpan LeastInterval = TimeSpan.FromMilliseconds(4);
    private readonly SemaphoreSlim oneInHand = new(1);

    /// <inheritdoc/>
    public override void Dispose()
    {
        oneInHand.Dispose();
        base.Dispose();
    }

    private readonly Signal signals = notifications.On(StreamAppender.Channel);

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        options.Enabled ? Task.WhenAll(handlers.Select(handler => RunGroupAsync(handler, stoppingToken))) : Task.CompletedTask;

    private async Task RunGroupAsync(IStreamHandler handler, CancellationToken ct)
    {
        await Task.Yield();
        var leases = new ShardLeases(postgres, options, handler.Stream, handler.Group, log);
        await using var consumer = new StreamConsumer(postgres, handler, leases, options, oneInHand, metrics, time, log);
        log.LogInformation("Consuming {Stream:l} as group {Group:l}", handler.Stream, handler.Group);
        await Task.WhenAll(
            RepeatAsync("leases", handler, async () =>
            {
                await StreamAppender.EnsureShardsAsync(postgres.Source, handler.Stream, options.Shards, ct);
                await leases.TickAsync(ct);
                signals.Pulse();
                await Task.Delay(options.LeaseTick, time, ct);
            }, ct),
            RepeatAsync("entries", handler, () => ConsumeAsync(consumer, handler, ct), ct));
        // What was in flight is committed or will be read again by the next owner, who need not wait for the leases to end.
        await LeaveAsync(leases, handler);
    }

    private async Task ConsumeAsync(StreamConsumer consumer, IStreamHandler handler, CancellationToken ct)
    {
        // Taken before looking: what is committed meanwhile completes it, so after a batch there is no need to look in vain.
        var next = signals.Next;
        var began = time.GetTimestamp();
        // A started batch is finished: its commit is short, and stopping in the middle would only repeat it elsewhere.
        var done = await consumer.RunOnceAsync(CancellationToken.None);
        if (done >= handler.BatchPerShard && !ct.IsCancellationRequested) return;
        if (handler.Linger > TimeSpan.Zero) await Task.Delay(handler.Linger, time, ct);
        else await GatherAsync(next, began, ct);
        ct.ThrowIfCancellationRequested();
    }

    // Under a steady load fewer batches, each larger, save more than the pause costs.
    private async Task GatherAsync(Task next, long began, CancellationToken ct)
    {
        var pause = TimeSpan.Zero;
        if (next.IsCompleted) pause = TimeSpan.FromTicks(Math.Min(time.GetElapsedTime(began).Ticks, LongestPause.Ticks));
        else await next.WaitAsync(options.Poll, time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var early = LeastInterval - time.GetElapsedTime(began);
        if (early > pause) pause = early;
        if (pause > TimeSpan.Zero) await Task.Delay(pause, time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task RepeatAsync(string what, IStreamHandler handler, Func<Task> tick, CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await tick();
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                log.LogWarning(TransientFault.Is(e) ? null : e, "{Group}: {What} failed, trying again: {Error}", handler.Group, what, e.Message);
                await Task.Delay(AfterFault, time, CancellationToken.None);
            }
        }
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
