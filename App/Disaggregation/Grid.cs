namespace App.Disaggregation;

/// <summary>One closed minute of the grid.</summary>
/// <param name="Start">Unix milliseconds, a whole minute.</param>
/// <param name="Watts">Mean over the covered part of the minute; NaN: the grid breaks here, for this minute or for more.</param>
internal readonly record struct Cell(long Start, float Watts)
{
    /// <summary>Whether this is the first missing minute behind a segment, and not a value.</summary>
    public bool IsBreak => float.IsNaN(Watts);
}

/// <summary>
/// Resamples one meter's readings to minutes that are aligned to the Unix minute, weighted by time: a reading holds until
/// the next one. A gap of up to <see cref="LongestHoldMs"/> is held through; before a longer one the reading holds
/// <see cref="LastHoldMs"/> and then the grid breaks. A minute exists when at least <see cref="LeastCoverMs"/> of it are
/// covered and is closed once a reading at or after its end is known. Cells are a pure function of the set of readings:
/// a minute depends only on readings from <see cref="LongestHoldMs"/> before its start to <see cref="LongestHoldMs"/>
/// behind its end, so a rebuild may start there. The state is a few numbers, whatever the history.
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

    private bool started;
    private bool segmentOpen;
    private long lastTs;
    private float lastWatts;
    private long cellStart;
    private long covered;
    private double energy;

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
        for (var cellEnd = cellStart + CellMs; cellEnd <= end; cellEnd += CellMs)
        {
            Cover(cellEnd - from);
            Close(closed);
            from = cellEnd;
        }
        Cover(end - from);
    }

    private void Cover(long span)
    {
        covered += span;
        energy += (double)lastWatts * span;
    }

    /// <summary>Closes the current minute, where enough of it is covered, and opens the next.</summary>
    private void Close(List<Cell> closed)
    {
        if (covered >= LeastCoverMs)
        {
            closed.Add(new Cell(cellStart, (float)(energy / covered)));
            segmentOpen = true;
        }
        cellStart += CellMs;
        covered = 0;
        energy = 0;
    }

    private void EndSegment(List<Cell> closed)
    {
        Hold(lastTs + LastHoldMs, closed);
        if (covered >= LeastCoverMs) Close(closed);
        if (segmentOpen) closed.Add(new Cell(cellStart, float.NaN));
        segmentOpen = false;
        covered = 0;
        energy = 0;
    }
}
