namespace App.Energy.Disaggregation;

/// <summary>What a model must beat.</summary>
internal static class Baselines
{
    private const float LeastEdge = 60;
    private const int LongestRun = 90;

    private static readonly EdgeRule[] Rules =
    [
        new(Appliances.Kettle, 1800, 3200, 1, 5),
        new(Appliances.Microwave, 900, 1700, 1, 12),
        new(Appliances.Dishwasher, 1700, 2400, 6, 25),
        new(Appliances.WashingMachine, 1700, 2400, 6, 25),
        new(Appliances.Fridge, 60, 200, 8, 60),
    ];

    /// <summary>
    /// Rules on edges in the manner of Hart 1992: a rise, and the minutes until half of it has gone again, are given to the
    /// first appliance whose power and length they fit.
    /// </summary>
    /// <param name="mains">As <see cref="House.Mains"/>.</param>
    /// <returns>Watts of each of <see cref="Appliances.Labels"/>.</returns>
    public static float[][] Edges(float[] mains)
    {
        var watts = Appliances.Labels.Select(_ => new float[mains.Length]).ToArray();
        for (var i = 1; i < mains.Length; i++)
        {
            var before = mains[i - 1];
            var rise = mains[i] - before;
            if (i + 1 < mains.Length && mains[i + 1] - mains[i] > 100) rise = mains[i + 1] - before;
            if (!(rise >= LeastEdge)) continue;
            var end = i + 1;
            while (end < mains.Length && end - i < LongestRun && mains[end] - before > rise / 2) end++;
            foreach (var rule in Rules)
            {
                if (rise < rule.LeastWatts || rise > rule.MostWatts || end - i < rule.LeastMinutes || end - i > rule.MostMinutes) continue;
                for (var k = i; k < end; k++) watts[rule.Label][k] = Math.Clamp(mains[k] - before, 0, rise);
                break;
            }
        }
        return watts;
    }

    private sealed record EdgeRule(int Label, float LeastWatts, float MostWatts, int LeastMinutes, int MostMinutes);
}
