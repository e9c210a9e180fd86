namespace App.Signs.Fingerspelling.Live;

/// <summary>The live connections of this process: how many there may be, and what they have done.</summary>
internal sealed class LiveConnections(LiveOptions options)
{
    private readonly Lock gate = new();
    private readonly HashSet<LiveConnection> open = [];
    private int places;
    private long answeredBefore;
    private long badBefore;
    private bool draining;

    /// <summary>Connections at most.</summary>
    public int Most => options.MostConnections;

    /// <summary>Connections that are open or being opened.</summary>
    public int Places
    {
        get { lock (gate) return places; }
    }

    /// <summary>Takes a place, to be given back by <see cref="Leave"/>; false: there is none, or this process ends.</summary>
    public bool TryEnter()
    {
        lock (gate)
        {
            if (draining || places >= Most) return false;
            places++;
            return true;
        }
    }

    /// <summary>A connection that has a place is open.</summary>
    public void Opened(LiveConnection connection)
    {
        lock (gate) open.Add(connection);
    }

    /// <summary>Gives the place back.</summary>
    /// <param name="connection">The connection, if it came to that.</param>
    public void Leave(LiveConnection? connection)
    {
        lock (gate)
        {
            places--;
            if (connection is null || !open.Remove(connection)) return;
            answeredBefore += connection.Answered;
            badBefore += connection.Bad;
        }
    }

    /// <summary>Those that are open now.</summary>
    public LiveConnection[] Open()
    {
        lock (gate) return [.. open];
    }

    /// <summary>Takes no more.</summary>
    public void Drain()
    {
        lock (gate) draining = true;
    }

    /// <summary>Frames since the start.</summary>
    public (long Answered, long Bad) Tally()
    {
        lock (gate) return (answeredBefore + open.Sum(one => one.Answered), badBefore + open.Sum(one => one.Bad));
    }
}
