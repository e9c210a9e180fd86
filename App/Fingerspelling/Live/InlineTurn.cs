namespace App.Fingerspelling.Live;

/// <summary>
/// Keeps connections from holding the thread that watches all sockets: a sender that is as quick as the model would find
/// its next frame there each time, and the others would wait; and so would they behind a slow model, or behind a thousand
/// connections while other cores stand idle. What has had its turn goes on on the pool, and comes back with its next
/// frame. Frames that arrived together go there at once: they share the way, and more arrive meanwhile.
/// </summary>
internal sealed class InlineTurn(TimeProvider time)
{
    /// <summary>Batches of one connection in a row, with none of another between.</summary>
    public const int MostInARow = 4;

    /// <summary>The longest answer that others may wait behind.</summary>
    public const double LongestMs = 1;

    /// <summary>Answers take so much of the thread's time at most; it needs about as much again to read and to watch.</summary>
    public const double MostShare = 0.5;

    /// <summary>The time that the share is of.</summary>
    public static readonly TimeSpan Span = TimeSpan.FromMilliseconds(4);

    [ThreadStatic]
    private static InlineTurn? last;

    [ThreadStatic]
    private static (long Began, double SpentMs) span;

    private int inARow;

    /// <summary>Whether the next batch may run on this thread; false: it goes on elsewhere.</summary>
    /// <param name="frames">How many frames it has.</param>
    /// <param name="lastMs">What the connection's last answer took.</param>
    public bool Take(int frames, double lastMs)
    {
        if (Thread.CurrentThread.IsThreadPoolThread) return true;
        if (last != this) (last, inARow) = (this, 0);
        if (frames == 1 && lastMs < LongestMs && ++inARow <= MostInARow && Spend(lastMs)) return true;
        inARow = 0;
        return false;
    }

    private bool Spend(double ms)
    {
        if (time.GetElapsedTime(span.Began) >= Span) span = (time.GetTimestamp(), 0);
        if (span.SpentMs >= Span.TotalMilliseconds * MostShare) return false;
        span.SpentMs += ms;
        return true;
    }
}
