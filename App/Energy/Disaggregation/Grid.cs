namespace App.Energy.Disaggregation;

/// <summary>One closed minute of the grid.</summary>
/// <param name="Start">Unix milliseconds, a whole minute.</param>
/// <param name="Watts">Mean over the covered part of the minute; NaN: the grid breaks here, for this minute or for more.</param>
/// <param name="Low">Lowest level held within it, never above the mean; the mean where readings are too far apart to tell.</param>
/// <param name="High">Highest level held within it, never below the mean; likewise.</param>
internal readonly record struct Cell(long Start, float Watts, float Low, float High)
{
    /// <summary>A minute of which only the mean is known.</summary>
    public Cell(long start, float watts) : this(start, watts, watts, watts) { }

    /// <summary>Whether this is the first missing minute behind a segment, and not a value.</summary>
    public bool IsBreak => float.IsNaN(Watts);
}

/// <summary>
/// Resamples one meter's readings to minutes that are aligned to the Unix minute, weighted by time: a reading holds until
/// the next one. A gap of up to <see cref="LongestHoldMs"/> is held through; before a longer one the reading holds
/// <see cref="LastHoldMs"/> and then the grid breaks. A minute exists when at least <see cref="LeastCoverMs"/> of it are
/// covered and is closed once a reading at or after its end is known. Cells are a pure function of the set of readings:
/// a minute depends only on readings from <see cref="LongestHoldMs"/> before its start to <see cref="LongestHoldMs"/>
/// behind its end, so a rebuild may start there. Where no reading that covers a part of a minute holds longer than
/// <see cref="LongestDetailMs"/>, the levels within the minute are told as well. The state is a few numbers, whatever the history.
/// </summary>
internal sealed class Grid
{
    /// <summary>Length of a cell.</summary>
    public const long CellMs = 60_000;

    /// <summary>Longest distance of two readings between which the first one holds (three missing samples).</summary>
    public const long LongestHoldMs = 4 * CellMs;

    /// <summary>How long a reading holds when none follows within <see cref="LongestHoldMs"/>.</summary>
    public const long LastHoldMs = CellMs;

    /// <summary>Least covered part of a minute for which there is a cell.</summary>
    public const long LeastCoverMs = CellMs / 2;

    /// <summary>Longest hold of a reading that tells levels within a minute: two a minute, whatever their phase, still do not.</summary>
    public const long LongestDetailMs = CellMs / 2 - 1;

    private bool started;
    private bool segmentOpen;
    private long lastTs;
    private float lastWatts;
    private long cellStart;
    private long covered;
    private double energy;
    private bool coarse;
    private MinuteDetail? detail;

    /// <summary>Time of the newest reading in Unix milliseconds; <see cref="long.MinValue"/> before the first.</summary>
    public long LastTs => started ? lastTs : long.MinValue;

    /// <summary>Start of the minute that a time lies in, both in Unix milliseconds.</summary>
    public static long StartOf(long ts) => ts - (((ts % CellMs) + CellMs) % CellMs);

    /// <summary>Takes the next reading and appends the cells that it closes. The same time again replaces the watts.</summary>
    /// <param name="ts">Unix milliseconds, not before <see cref="LastTs"/>.</param>
    /// <param name="watts">Power; negative while more is fed in than used.</param>
    /// <param name="closed">Receives the cells in order of time, breaks included.</param>
    /// <exception cref="ArgumentOutOfRangeException">The reading is older than the newest one: rebuild instead.</exception>
    public void Add(long ts, float watts, List<Cell> closed)
    {
        if (!started)
        {
            started = true;
            cellStart = StartOf(ts);
        }
        else
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(ts, lastTs);
            if (ts - lastTs <= LongestHoldMs)
            {
                Hold(ts, closed);
            }
            else
            {
                EndSegment(closed);
                cellStart = StartOf(ts);
            }
        }
        lastTs = ts;
        lastWatts = watts;
    }

    /// <summary>Says that no reading follows: the last one holds <see cref="LastHoldMs"/> and the segment ends.</summary>
    public void Complete(List<Cell> closed)
    {
        if (!started) return;
        EndSegment(closed);
        started = false;
    }

    /// <summary>Covers the time from the last reading to <paramref name="end"/>.</summary>
    private void Hold(long end, List<Cell> closed)
    {
        var from = lastTs;
        var fine = end - from <= LongestDetailMs;
        for (var cellEnd = cellStart + CellMs; cellEnd <= end; cellEnd += CellMs)
        {
            Cover(cellEnd - from, fine);
            Close(closed);
            from = cellEnd;
        }
        Cover(end - from, fine);
    }

    private void Cover(long span, bool fine)
    {
        if (span == 0) return;
        covered += span;
        energy += (double)lastWatts * span;
        // A meter that reads once a minute never needs the rest.
        if (fine) (detail ??= new MinuteDetail()).Add(lastWatts, (int)span);
        else coarse = true;
    }

    /// <summary>Closes the current minute, where enough of it is covered, and opens the next.</summary>
    private void Close(List<Cell> closed)
    {
        if (covered >= LeastCoverMs)
        {
            var watts = (float)(energy / covered);
            closed.Add(coarse || detail is null ? new Cell(cellStart, watts)
                : new Cell(cellStart, watts, Math.Min(watts, detail.Low), Math.Max(watts, detail.High)));
            segmentOpen = true;
        }
        cellStart += CellMs;
        Empty();
    }

    private void EndSegment(List<Cell> closed)
    {
        Hold(lastTs + LastHoldMs, closed);
        if (covered >= LeastCoverMs) Close(closed);
        if (segmentOpen) closed.Add(new Cell(cellStart, float.NaN));
        segmentOpen = false;
        Empty();
    }

    private void Empty()
    {
        covered = 0;
        energy = 0;
        coarse = false;
        detail?.Clear();
    }
}
