namespace App.Disaggregation;

/// <summary>How a window is cut out of a house's minutes, the same for training, files and the server.</summary>
internal static class Window
{
    /// <summary>
    /// Fills the window around one minute. It never reaches across a break: beyond the edges of the target's segment, and
    /// of what is known, it is padded with the value at the edge.
    /// </summary>
    /// <param name="cells">Consecutive minutes in watts, NaN where the grid breaks; to be independent of where it begins,
    /// it holds the whole look-back or begins at a break.</param>
    /// <param name="target">Index of the minute asked for; not a missing one.</param>
    /// <param name="offset">Index of the target in the window.</param>
    /// <param name="window">Receives it.</param>
    public static void Fill(ReadOnlySpan<float> cells, int target, int offset, Span<float> window)
    {
        var first = Math.Max(0, target - offset);
        first += cells[first..target].LastIndexOf(float.NaN) + 1;
        var end = Math.Min(cells.Length, target - offset + window.Length);
        var gap = cells[target..end].IndexOf(float.NaN);
        if (gap >= 0) end = target + gap;

        var left = first - (target - offset);
        window[..left].Fill(cells[first]);
        cells[first..end].CopyTo(window[left..]);
        window[(left + end - first)..].Fill(cells[end - 1]);
    }
}
