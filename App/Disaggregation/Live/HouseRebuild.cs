using System.Runtime.InteropServices;
using App.Readings;

namespace App.Disaggregation.Live;

/// <summary>
/// The slow path of one building: its minutes are made again from stored readings, because something came late or was
/// corrected, or because nothing of it is known here (a new building, a new owner). What it predicts is a function of
/// the stored readings alone, so it agrees with what the fast path would have said.
/// </summary>
internal sealed class HouseRebuild
{
    private readonly List<(long From, long To)> touched = [];
    private readonly long newest;
    private readonly int window;

    /// <summary>Finds what a batch's readings of the building touch.</summary>
    /// <param name="building">Key of the building.</param>
    /// <param name="meter">Key of its mains meter.</param>
    /// <param name="shard">Its shard.</param>
    /// <param name="readings">The batch's readings, in order of time.</param>
    /// <param name="newest">Newest reading known so far, Unix milliseconds.</param>
    /// <param name="window">Minutes of the model's window.</param>
    public HouseRebuild(int building, int meter, short shard, IReadOnlyList<Reading> readings, long newest, int window)
    {
        (Building, Meter, Shard, this.window) = (building, meter, shard, window);
        this.newest = Math.Max(newest, readings[^1].Ts);
        foreach (var (ts, _) in readings)
        {
            // A reading changes minutes as far as it, or the one before it, may be held.
            var (from, to) = (Grid.StartOf(ts) - Grid.LongestHoldMs, Grid.StartOf(ts) + Grid.LongestHoldMs + Grid.CellMs);
            if (touched.Count > 0 && from - touched[^1].To <= 4 * Reach) touched[^1] = (touched[^1].From, Math.Max(to, touched[^1].To));
            else touched.Add((from, to));
        }
    }

    /// <summary>Key of the building.</summary>
    public int Building { get; }

    /// <summary>Key of its mains meter.</summary>
    public int Meter { get; }

    /// <summary>Its shard.</summary>
    public short Shard { get; }

    // A window reaches this far from its target to either side, and so does the state of a target.
    private long Reach => window * Grid.CellMs;

    // Where the newest minutes begin that a live house keeps, with what the first of them is made of.
    private long TailFrom => Grid.StartOf(newest) - Reach - Grid.LongestHoldMs - (2 * Grid.CellMs);

    /// <summary>Readings that it needs.</summary>
    public IEnumerable<ReadingSpan> Spans =>
        touched.Select(span => Span(span.From - (2 * Reach) - Grid.LongestHoldMs, span.To + (2 * Reach) + Grid.LongestHoldMs))
            .Append(Span(TailFrom, long.MaxValue));

    /// <summary>Asks for the predictions that the touched minutes take part in, and answers the house as it is now.</summary>
    /// <param name="stored">Readings of <see cref="Spans"/>, in order of time.</param>
    /// <param name="predictions">Asked.</param>
    public LiveHouse Run(List<Reading> stored, PredictionBatch predictions)
    {
        foreach (var (from, to) in touched)
        {
            var grid = new Grid();
            var closed = new List<Cell>();
            foreach (var reading in Between(stored, from - (2 * Reach) - Grid.LongestHoldMs, to + (2 * Reach) + Grid.LongestHoldMs))
                grid.Add(reading.Ts, (float)reading.Watts, closed);
            Predict(closed, from - Reach, to + Reach, predictions);
        }

        var house = new LiveHouse(Meter, window);
        house.Add(Between(stored, TailFrom, long.MaxValue), [], null);
        return house;
    }

    // Segments are laid end to end in the list, each closed by its break.
    private void Predict(List<Cell> closed, long from, long to, PredictionBatch predictions)
    {
        for (var start = 0; start < closed.Count;)
        {
            var end = start;
            while (end < closed.Count && !closed[end].IsBreak) end++;
            var length = Math.Min(end + 1, closed.Count) - start;
            var cells = new float[length];
            for (var i = 0; i < length; i++) cells[i] = closed[start + i].Watts;
            predictions.AddSpan(Building, cells, closed[start].Start, from, to);
            start = end + 1;
        }
    }

    private ReadingSpan Span(long from, long to) => new(Meter, Shard, Math.Max(from, 0), to);

    private static ReadOnlySpan<Reading> Between(List<Reading> readings, long from, long to)
    {
        var all = CollectionsMarshal.AsSpan(readings);
        return all[Bound(all, from)..Bound(all, to)];
    }

    // Index of the first reading at or after a time.
    private static int Bound(ReadOnlySpan<Reading> readings, long ts)
    {
        var (low, high) = (0, readings.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (readings[middle].Ts < ts) low = middle + 1;
            else high = middle;
        }
        return low;
    }
}
