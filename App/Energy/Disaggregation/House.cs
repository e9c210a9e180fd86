namespace App.Energy.Disaggregation;

/// <summary>One house on the grid: its mains and, where it was measured, the truth of each appliance.</summary>
/// <param name="Name">What a reader knows it by, such as a file name.</param>
/// <param name="Starts">Start of each minute in Unix milliseconds.</param>
/// <param name="Mains">Watts; segments of consecutive minutes, each followed by one NaN where the grid breaks.</param>
/// <param name="Truth">Watts of each of <see cref="Appliances.Labels"/>, as long as the mains, NaN where unknown; null: never
/// measured.</param>
internal sealed record House(string Name, long[] Starts, float[] Mains, IReadOnlyList<float[]?> Truth)
{
    /// <summary>Lowest level of the mains held within each minute; the mains where it is not known.</summary>
    public float[] Low { get; init; } = Mains;

    /// <summary>Highest level, likewise.</summary>
    public float[] High { get; init; } = Mains;

    /// <summary>The mains with what went on within the minutes.</summary>
    public Minutes Minutes => new(Mains, Low, High);
}
