namespace App.Energy.Readings.Ingest;

/// <summary>What a reading is to those already stored of its meter.</summary>
internal enum Novelty
{
    /// <summary>No reading has that time.</summary>
    New,

    /// <summary>A reading of that time has other watts.</summary>
    Changed,

    /// <summary>The very reading is stored.</summary>
    Same,

    /// <summary>Older than what is remembered: the store must be asked.</summary>
    Unknown,
}

/// <summary>
/// The newest readings of one meter. Everything stored that is later than <see cref="floor"/> is in here, so that the
/// usual reading, a little later than the last one, is judged without a look at the database.
/// </summary>
internal sealed class SeriesTail(long floor)
{
    private const int Capacity = 8;
    private readonly Reading[] readings = new Reading[Capacity];
    private int count;
    private long floor = floor;

    /// <summary>The latest time that it knows of.</summary>
    public long Newest => count == 0 ? floor : readings[count - 1].Ts;

    /// <summary>Judges a reading and, unless that cannot be done, remembers it.</summary>
    public Novelty Apply(Reading reading)
    {
        if (reading.Ts <= floor) return Novelty.Unknown;
        var at = count;
        while (at > 0 && readings[at - 1].Ts > reading.Ts) at--;
        if (at > 0 && readings[at - 1].Ts == reading.Ts)
        {
            if (readings[at - 1].Watts.Equals(reading.Watts)) return Novelty.Same;
            readings[at - 1] = reading;
            return Novelty.Changed;
        }
        if (count == Capacity) return ApplyToFull(reading, at);
        Array.Copy(readings, at, readings, at + 1, count - at);
        readings[at] = reading;
        count++;
        return Novelty.New;
    }

    /// <summary>Everything up to this time may be stored without being remembered here.</summary>
    public void RaiseFloor(long ts)
    {
        if (ts <= floor) return;
        floor = ts;
        var kept = 0;
        for (var i = 0; i < count; i++)
            if (readings[i].Ts > floor) readings[kept++] = readings[i];
        count = kept;
    }

    // The oldest makes room: it is stored, and lies at the floor from now on.
    private Novelty ApplyToFull(Reading reading, int at)
    {
        if (at == 0)
        {
            floor = reading.Ts;
            return Novelty.New;
        }
        floor = readings[0].Ts;
        Array.Copy(readings, 1, readings, 0, at - 1);
        readings[at - 1] = reading;
        return Novelty.New;
    }
}
