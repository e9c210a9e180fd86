namespace App.Energy.Disaggregation;

/// <summary>Consecutive minutes of one house, in watts.</summary>
internal readonly ref struct Minutes
{
    /// <summary>How many values there are of a minute: mean, low and high.</summary>
    public const int Rows = 3;

    /// <summary>Minutes of which only the mean is known.</summary>
    public Minutes(ReadOnlySpan<float> mean) : this(mean, mean, mean) { }

    /// <summary>Minutes with what went on within them.</summary>
    public Minutes(ReadOnlySpan<float> mean, ReadOnlySpan<float> low, ReadOnlySpan<float> high)
    {
        Mean = mean;
        Low = low;
        High = high;
    }

    /// <summary>Mean of each; NaN where the grid breaks.</summary>
    public ReadOnlySpan<float> Mean { get; }

    /// <summary>Lowest level held within each.</summary>
    public ReadOnlySpan<float> Low { get; }

    /// <summary>Highest level held within each.</summary>
    public ReadOnlySpan<float> High { get; }

    /// <summary>How many there are.</summary>
    public int Length => Mean.Length;

    /// <summary>Some of them.</summary>
    public Minutes Slice(int start, int length) => new(Mean.Slice(start, length), Low.Slice(start, length), High.Slice(start, length));
}
