namespace App.Energy.Disaggregation;

/// <summary>How a window is cut out of a house's minutes, the same for training, files and the server.</summary>
internal static class Window
{
    /// <summary>
    /// Fills the window around one minute. It never reaches across a break: beyond the edges of the target's segment, and
    /// of what is known, it is padded with the mean at the edge.
    /// </summary>
    /// <param name="minutes">Consecutive minutes, NaN where the grid breaks; to be independent of where it begins, it holds the
    /// whole look-back or begins at a break.</param>
    /// <param name="target">Index of the minute asked for; not a missing one.</param>
    /// <param name="offset">Index of the target in the window.</param>
    /// <param name="length">Minutes of the window.</param>
    /// <param name="window">Receives the means, and behind them the lows and the highs where there is room for
    /// <see cref="Minutes.Rows"/> rows.</param>
    public static void Fill(Minutes minutes, int target, int offset, int length, Span<float> window)
    {
        var first = Math.Max(0, target - offset);
        first += minutes.Mean[first..target].LastIndexOf(float.NaN) + 1;
        var end = Math.Min(minutes.Length, target - offset + length);
        var gap = minutes.Mean[target..end].IndexOf(float.NaN);
        if (gap >= 0) end = target + gap;

        var known = minutes[first..end];
        var left = first - (target - offset);
        Pad(known.Mean, known.Mean, left, window[..length]);
        if (window.Length == length) return;
        Pad(known.Low, known.Mean, left, window.Slice(length, length));
        Pad(known.High, known.Mean, left, window.Slice(2 * length, length));
    }

    private static void Pad(ReadOnlySpan<float> known, ReadOnlySpan<float> mean, int left, Span<float> row)
    {
        row[..left].Fill(mean[0]);
        known.CopyTo(row[left..]);
        row[(left + known.Length)..].Fill(mean[^1]);
    }
}
