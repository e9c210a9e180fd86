namespace App.Platform.Observability;

/// <summary>
/// Bounds how many lines a second are logged of one event, which may happen tens of thousands of times a second. Those
/// beyond are counted, and told in one line when their second is over.
/// </summary>
internal sealed class LogRate : IDisposable
{
    /// <summary>Lines a second.</summary>
    public const int Most = 10;

    private static readonly TimeSpan Window = TimeSpan.FromSeconds(1);

    private readonly ILogger log;
    private readonly string what;
    private readonly ITimer timer;
    private long count;

    /// <summary>Counts from zero.</summary>
    /// <param name="log">Told of those that are held back.</param>
    /// <param name="what">Names the event in that line, such as <c>jobs completed</c>.</param>
    /// <param name="time">Its seconds.</param>
    public LogRate(ILogger log, string what, TimeProvider time)
    {
        (this.log, this.what) = (log, what);
        timer = time.CreateTimer(static self => ((LogRate)self!).EndWindow(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Whether one more line may be written; if not, the event is counted.</summary>
    public bool Allows()
    {
        var now = Interlocked.Increment(ref count);
        // The first begins a second, so that nothing ticks while nothing happens.
        if (now == 1) timer.Change(Window, Timeout.InfiniteTimeSpan);
        return now <= Most;
    }

    /// <inheritdoc/>
    public void Dispose() => timer.Dispose();

    private void EndWindow()
    {
        if (Interlocked.Exchange(ref count, 0) - Most is > 0 and var more)
            log.LogInformation("And {Count} more {What:l} in the last second", more, what);
    }
}
