using System.Runtime.InteropServices;
using App.Energy.Readings;

namespace App.Energy.Disaggregation.Live;

/// <summary>
/// The slow path of one building: its minutes are made again from stored readings, because something came late or was
/// corrected, or because nothing of it is known here (a new building, a new owner). What it predicts is a function of
/// the stored readings alone, so it agrees with what the fast path would have said.
/// </summary>
internal sealed class HouseRebuild
{
    private readonly IReadOnlyList<Reading> readings;
    private readonly long known;
    private readonly int window;

    /// <summary>Finds what a batch's readings of the building touch.</summary>
    /// <param name="building">Key of the building.</param>
    /// <param name="meter">Key of its mains meter.</param>
    /// <param name="shard">Its shard.</param>
    /// <param name="readings">The batch's readings, in order of time.</param>
    /// <param name="known">A reading from before the batch, Unix milliseconds: no block holds a newer one; <see cref="long.MinValue"/>: no
    /// block holds any.</param>
    /// <param name="window">Minutes of the model's window.</param>
    public HouseRebuild(int building, int meter, short shard, IReadOnlyList<Reading> readings, long known, int window) =>
        (Building, Meter, Shard, this.readings, this.known, this.window) = (building, meter, shard, readings, known, window);

    /// <summary>Key of the building.</summary>
    public int Building { get; }

    /// <summary>Key of its mains meter.</summary>
    public int Meter { get; }

    /// <summary>Its shard.</summary>
    public short Shard { get; }

    // A window reaches this far from its target to either side, and so does the state of a target.
    private long Reach => window * Grid.CellMs;

    // How far a span is read beyond what it predicts, so that its edges are right.
    private long Margin => (2 * Reach) + Grid.LongestHoldMs;

    // Where the newest minutes begin that a live house keeps, with what the first of them is made of.
    private long TailFrom => Grid.StartOf(Math.Max(known, readings[^1].Ts)) - Reach - Grid.LongestHoldMs - (2 * Grid.CellMs);

    // What was the newest reading until now may lie far back; it is not older than what is known.
    private long NewestFrom => known >= readings[^1].Ts ? TailFrom : Math.Min(TailFrom, known == long.MinValue ? 0 : known - Margin);

    /// <summary>Readings that it needs.</summary>
    public IEnumerable<ReadingSpan> Spans =>
        Touched(readings.Select(reading => reading.Ts))
            .Select(span => Span(span.From - Margin, span.To + Margin)).Append(Span(NewestFrom, long.MaxValue));

    /// <summary>Asks for the predictions that the touched minutes take part in, and answers the house as it is now.</summary>
    /// <param name="stored">Readings of <see cref="Spans"/>, in order of time.</param>
    /// <param name="predictions">Asked.</param>
    public LiveHouse Run(List<Reading> stored, PredictionBatch predictions)
    {
        var times = readings.Select(reading => reading.Ts).Distinct().ToList();
        var before = NewestBefore(stored, times);
        // A newer reading closes the minutes of the one that was the newest, or ends its segment, however long ago that was.
        if (before < times[^1] && before != long.MinValue) times = [.. times.Append(before).Distinct().Order()];
        foreach (var (from, to) in Touched(times))
        {
            var grid = new Grid();
            var closed = new List<Cell>();
            var span = Between(stored, from - Margin, to + Margin);
            foreach (var reading in span) grid.Add(reading.Ts, (float)reading.Watts, closed);
            // What follows is too far away to be joined: the segment ends here, and its minutes are as final as they get.
            if (stored[^1].Ts > grid.LastTs && to + Margin - grid.LastTs > Grid.LongestHoldMs) grid.Complete(closed);
            Predict(closed, from - Reach, to + Reach, predictions);
        }

        var house = new LiveHouse(Meter, window);
        house.Add(Between(stored, TailFrom, long.MaxValue), [], null);
        return house;
    }

    // A reading changes minutes as far as it, or the one before it, may be held.
    private List<(long From, long To)> Touched(IEnumerable<long> times)
    {
        var touched = new List<(long From, long To)>();
        foreach (var ts in times)
        {
            var (from, to) = (Grid.StartOf(ts) - Grid.LongestHoldMs, Grid.StartOf(ts) + Grid.LongestHoldMs + Grid.CellMs);
            if (touched.Count > 0 && from - touched[^1].To <= 2 * Reach) touched[^1] = (touched[^1].From, Math.Max(to, touched[^1].To));
            else touched.Add((from, to));
        }
        return touched;
    }

    // The newest stored reading that the batch has not brought.
    private static long NewestBefore(List<Reading> stored, List<long> batch)
    {
        var at = batch.Count - 1;
        for (var i = stored.Count - 1; i >= 0; i--)
        {
            while (at >= 0 && batch[at] > stored[i].Ts) at--;
            if (at < 0 || batch[at] != stored[i].Ts) return stored[i].Ts;
        }
        return long.MinValue;
    }

    // Segments are laid end to end in the list, each closed by its break.
    private void Predict(List<Cell> closed, long from, long to, PredictionBatch predictions)
    {
        for (var start = 0; start < closed.Count;)
        {
            var end = start;
            while (end < closed.Count && !closed[end].IsBreak) end++;
            var length = Math.Min(end + 1, closed.Count) - start;
            var minutes = new MinuteColumns(length);
            for (var i = 0; i < length; i++) minutes.Add(closed[start + i]);
            predictions.AddSpan(Building, minutes.Minutes, closed[start].Start, from, to);
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
