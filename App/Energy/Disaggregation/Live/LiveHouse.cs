using App.Energy.Readings;

namespace App.Energy.Disaggregation.Live;

/// <summary>
/// The newest minutes of one building, kept between batches: enough to predict whatever a next reading closes.
/// Readings that come in order cost a few additions; late ones go through <see cref="HouseRebuild"/>.
/// </summary>
/// <param name="meterKey">Its mains meter.</param>
/// <param name="window">Minutes of the model's window.</param>
internal sealed class LiveHouse(int meterKey, int window)
{
    private readonly Grid grid = new();
    private readonly MinuteColumns minutes = new(window + 16);
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

        var known = minutes.Count;
        foreach (var cell in closed)
        {
            if (minutes.Count > 0 && cell.Start != firstStart + (minutes.Count * Grid.CellMs))
            {
                // A new segment begins behind a break: the one before has had its last word.
                newMinutes?.Invoke(minutes.Minutes, firstStart, known);
                minutes.Clear();
                known = 0;
            }
            if (minutes.Count == 0) firstStart = cell.Start;
            minutes.Add(cell);
        }
        newMinutes?.Invoke(minutes.Minutes, firstStart, known);
        // A window reaches back from the oldest minute that may still change its state: a look-ahead before the newest one.
        firstStart += Math.Max(0, minutes.Count - window) * Grid.CellMs;
        minutes.KeepNewest(window);
    }
}

/// <summary>Says which minutes of a house are new.</summary>
/// <param name="minutes">Consecutive minutes, NaN at a break.</param>
/// <param name="firstStart">Start of the first, Unix milliseconds.</param>
/// <param name="known">How many of them were known before.</param>
internal delegate void NewMinutes(Minutes minutes, long firstStart, int known);
