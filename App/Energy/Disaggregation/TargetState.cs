namespace App.Energy.Disaggregation;

/// <summary>What may be said of one minute, given the minutes around it that are known.</summary>
internal enum TargetState
{
    /// <summary>Nothing: it is missing, still warming up, or too new.</summary>
    None,

    /// <summary>A first prediction: part of the look-ahead is there, the rest of the window is padded.</summary>
    Provisional,

    /// <summary>The last word: the whole look-ahead is there, or the segment has ended.</summary>
    Final,
}

/// <summary>The rules that say when a minute is predicted, the same for the server and for files.</summary>
internal static class Target
{
    /// <summary>Minutes before the target that its segment must hold.</summary>
    public const int WarmUp = 15;

    /// <summary>Minutes behind the target from which on there is a provisional prediction.</summary>
    public const int ProvisionalLookAhead = 10;

    /// <summary>State of one minute.</summary>
    /// <param name="cells">Consecutive minutes, NaN where the grid breaks. What lies beyond the end is not yet known;
    /// it must begin at a break or at least <see cref="WarmUp"/> minutes before the target.</param>
    /// <param name="target">Index of the minute asked for.</param>
    /// <param name="lookAhead">Minutes behind the target that the model's window takes in.</param>
    public static TargetState StateOf(ReadOnlySpan<float> cells, int target, int lookAhead)
    {
        if (float.IsNaN(cells[target])) return TargetState.None;
        if (target < WarmUp || cells[(target - WarmUp)..target].Contains(float.NaN)) return TargetState.None;
        var known = cells[(target + 1)..Math.Min(cells.Length, target + 1 + lookAhead)];
        if (known.Length == lookAhead || known.Contains(float.NaN)) return TargetState.Final;
        return known.Length >= ProvisionalLookAhead ? TargetState.Provisional : TargetState.None;
    }
}
