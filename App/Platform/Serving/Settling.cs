namespace App.Platform.Serving;

/// <summary>
/// Gives back, once, what only the start needed: objects that lived long enough to be old, what the compiler freed, and
/// mapped code. Under load there would be holes in the heap; without it nobody would ever ask for them.
/// </summary>
internal sealed class Settling(TimeProvider time) : BackgroundService
{
    // By then most of what a start compiles is compiled.
    private static readonly TimeSpan StartTakes = TimeSpan.FromSeconds(5);
    private static int settled;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Delay(StartTakes, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // Of a process, not of a host: tests start many.
        if (!stoppingToken.IsCancellationRequested && Interlocked.Exchange(ref settled, 1) == 0) LetGo();
    }

    /// <summary>The one tick: a few hundredths of a second, in a process that has just begun.</summary>
    internal static void LetGo()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        NativeHeap.Trim();
        MappedCode.LetGo();
    }
}
