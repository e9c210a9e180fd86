namespace App.Energy.Readings.Ingest;

/// <summary>
/// Bounds what ingest may hold in memory: bodies that are being read, by their size, and readings that wait for their
/// commit. Beyond it callers are told to come back (429), before memory grows.
/// </summary>
internal sealed class IngestGate(GroupCommit commit)
{
    private const long MostBytes = 96L * 1024 * 1024;
    private const long Unstated = 1024 * 1024;
    private const int Unpacking = 10;
    private long bytes;

    /// <summary>Room for a request's body, or null when there is none now.</summary>
    public Room? TryEnter(HttpRequest request)
    {
        var cost = request.ContentLength ?? Unstated;
        if (request.Headers.ContentEncoding.Count > 0) cost = Math.Clamp(cost * Unpacking, Unstated, ReadingLimits.MaxUnpackedBytes);
        if (commit.IsFull) return null;
        var held = Interlocked.Add(ref bytes, cost);
        // One body alone is always taken, however large it may be within the limits.
        if (held <= MostBytes || held == cost) return new Room(this, cost);
        Interlocked.Add(ref bytes, -cost);
        return null;
    }

    /// <summary>Room that is given back.</summary>
    internal sealed class Room(IngestGate gate, long cost) : IDisposable
    {
        /// <inheritdoc/>
        public void Dispose() => Interlocked.Add(ref gate.bytes, -cost);
    }
}
