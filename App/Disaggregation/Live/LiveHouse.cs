using App.Readings;

namespace App.Disaggregation.Live;

/// <summary>
/// The newest minutes of one building, kept between batches: enough to predict whatever a next reading closes.
/// Readings that come in order cost a few additions; late ones go through <see cref="HouseRebuild"/>.
/// </summary>
/// <param name="meterKey">Its mains meter.</param>
/// <param name="window">Minutes of the model's window.</param>
internal sealed class LiveHouse(int meterKey, int window)
{
    private readonly Grid grid = new();
    private float[] cells = new float[window + 16];
    private int count;
    private long firstStart;

    /// <summary>The mains meter.</summary>
    public int MeterKey => meterKey;

    /// <summary>Time of the newest reading, Unix milliseconds; <see cref="long.MinValue"/> before the first.</summary>
    public long LastTs => grid.LastTs;

    /// <summary>Takes readings that are in order of time and not older than <see cref="LastTs"/>.</summary>
    /// <param name="readings">The readings.</param>
    /// <param name="closed">A buffer for the minutes that they close.</param>
    /// <param name="newMinutes">Told of the house's minutes and which of them are new, segment by segment.</param>
    public void Add(ReadOnlySpan<Reading> readings, List<Cell> closed, NewMinutes? newMinutes)
    {
        closed.Clear();
        foreach (var reading in readings) grid.Add(reading.Ts, (float)reading.Watts, closed);
        if (closed.Count == 0) return;

        var known = count;
        foreach (var cell in closed)
        {
            if (count > 0 && cell.Start != firstStart + (count * Grid.CellMs))
            {
                // A new segment begins behind a break: the one before has had its last word.
                newMinutes?.Invoke(cells.AsSpan(0, count), firstStart, known);
                count = known = 0;
            }
            if (count == 0) firstStart = cell.Start;
            if (count == cells.Length) Array.Resize(ref cells, cells.Length * 2);
            cells[count++] = cell.Watts;
        }
        newMinutes?.Invoke(cells.AsSpan(0, count), firstStart, known);
        KeepNewest();
    }

    // A window reaches back from the oldest minute that may still change its state: a look-ahead before the newest one.
    private void KeepNewest()
    {
        var surplus = count - window;
        if (surplus <= 0) return;
        Array.Copy(cells, surplus, cells, 0, window);
        count = window;
        firstStart += surplus * Grid.CellMs;
        if (cells.Length > window * 2) Array.Resize(ref cells, window + 16);
    }
}

/// <summary>Says which minutes of a house are new.</summary>
/// <param name="cells">Consecutive minutes in watts, NaN at a break.</param>
/// <param name="firstStart">Start of the first, Unix milliseconds.</param>
/// <param name="known">How many of them were known before.</param>
internal delegate void NewMinutes(ReadOnlySpan<float> cells, long firstStart, int known);
