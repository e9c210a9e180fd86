namespace App.Signs.Fingerspelling.Live;

/// <summary>
/// Keeps one connection from holding the thread that watches all sockets: a sender that is as quick as the model would
/// find its next frame there each time, and the others would wait; and so would they behind a slow model. What has had
/// its turn goes on on the pool, and comes back with its next frame. Frames that arrived together go there at once: they
/// share the way, and more arrive meanwhile.
/// </summary>
internal sealed class InlineTurn
{
    /// <summary>Batches of one connection in a row, with none of another between.</summary>
    public const int MostInARow = 4;

    /// <summary>The longest run of a model that others may wait behind.</summary>
    public const double LongestRunMs = 1;

    [ThreadStatic]
    private static InlineTurn? last;

    private int inARow;

    /// <summary>Whether the next batch may run on this thread; false: it goes on elsewhere.</summary>
    /// <param name="frames">How many frames it has.</param>
    /// <param name="runMs">What the connection's last run took.</param>
    public bool Take(int frames, double runMs)
    {
        if (Thread.CurrentThread.IsThreadPoolThread) return true;
        if (last != this) (last, inARow) = (this, 0);
        if (frames == 1 && runMs < LongestRunMs && ++inARow <= MostInARow) return true;
        inARow = 0;
        return false;
    }
}
