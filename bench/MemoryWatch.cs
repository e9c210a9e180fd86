namespace Bench;

/// <summary>Looks twice a second at what processes hold in memory together, and remembers the most.</summary>
internal sealed class MemoryWatch : IAsyncDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private readonly Task watching;

    /// <summary>Begins to look.</summary>
    public MemoryWatch(Func<IEnumerable<int>> pids) => watching = Task.Run(() => WatchAsync(pids));

    /// <summary>The most so far, in MB.</summary>
    public double Peak { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await watching;
        stopping.Dispose();
    }

    private async Task WatchAsync(Func<IEnumerable<int>> pids)
    {
        while (!stopping.IsCancellationRequested)
        {
            Peak = Math.Max(Peak, ProcessUsage.Together(pids()));
            await Task.Delay(500, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
