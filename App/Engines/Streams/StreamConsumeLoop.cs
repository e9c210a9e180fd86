using App.Platform.Database;
using App.Platform.Serving;

namespace App.Engines.Streams;

/// <summary>Handles the entries of a consumer group's shards in this process, batch after batch.</summary>
internal sealed class StreamConsumeLoop(StreamConsumer consumer, IStreamHandler handler, StreamOptions options, Signal appended,
    TimeProvider time, ILogger log)
    : Loop($"Consuming as group {handler.Group}", time, log)
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(5);

    // From the beginning of a batch to that of the next. What comes seldom is not kept waiting by it.
    private static readonly TimeSpan LeastInterval = TimeSpan.FromMilliseconds(4);

    /// <summary>One batch, and the wait in which the next gathers.</summary>
    public override async Task<Pause> TickAsync(CancellationToken ct)
    {
        // Taken before looking: what is committed meanwhile completes it, so after a batch there is no need to look in vain.
        var next = appended.Next;
        var began = Time.GetTimestamp();
        // A started batch is finished: its commit is short, and stopping in the middle would only repeat it elsewhere.
        var done = await consumer.RunOnceAsync(CancellationToken.None);
        if (done >= handler.BatchPerShard) return Pause.None;
        if (handler.Linger > TimeSpan.Zero) return handler.Linger;
        return await GatherAsync(next, began, ct);
    }

    // Under a steady load fewer batches, each larger, save more than the pause costs.
    private async Task<Pause> GatherAsync(Task next, long began, CancellationToken ct)
    {
        var pause = TimeSpan.Zero;
        if (next.IsCompleted) pause = TimeSpan.FromTicks(Math.Min(Time.GetElapsedTime(began).Ticks, LongestPause.Ticks));
        else await next.WaitAsync(options.Poll, Time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var early = LeastInterval - Time.GetElapsedTime(began);
        return early > pause ? early : pause;
    }
}
