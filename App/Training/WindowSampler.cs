using App.Disaggregation;

namespace App.Training;

/// <summary>
/// Draws training windows out of houses: most of them anywhere, the rest around minutes in which some appliance is on, so
/// that rare ones are seen often enough. Windows are varied: scaled, made noisy, given a load of unknown kind, and cut
/// short on either side as they are at the edges of a segment and before the look-ahead is there.
/// </summary>
internal sealed class WindowSampler
{
    private const double AroundUse = 0.4;
    private const double CutAhead = 0.15;
    private const double CutBehind = 0.05;
    private const int Jitter = 6;

    private readonly IReadOnlyList<House> houses;
    private readonly int[] ends;
    private readonly List<(int House, int Minute)>[] uses;

    /// <summary>Looks through the houses for what may be drawn.</summary>
    public WindowSampler(IReadOnlyList<House> houses)
    {
        this.houses = houses;
        ends = new int[houses.Count];
        for (var h = 0; h < houses.Count; h++) ends[h] = houses[h].Mains.Length + (h > 0 ? ends[h - 1] : 0);
        uses = [.. Appliances.Labels.Select((_, label) => Uses(label)).Where(minutes => minutes.Count > 0)];
    }

    /// <summary>Draws one window.</summary>
    /// <param name="input">Receives the network's input.</param>
    /// <param name="watts">Receives the truth at the target; NaN where it is unknown.</param>
    /// <param name="random">Source of chance.</param>
    public void Draw(Span<float> input, Span<float> watts, Random random)
    {
        Span<float> window = stackalloc float[DisaggregationNetwork.Window];
        var (house, minute) = DrawTarget(random);
        Window.Fill(house.Mains, minute, DisaggregationNetwork.TargetOffset, window);
        for (var label = 0; label < watts.Length; label++) watts[label] = house.Truth[label]?[minute] ?? float.NaN;
        Vary(window, random);
        DisaggregationNetwork.Normalise(window, input);
    }

    private (House House, int Minute) DrawTarget(Random random)
    {
        while (true)
        {
            int house, minute;
            if (uses.Length > 0 && random.Happens(AroundUse))
            {
                var minutes = uses[random.Next(uses.Length)];
                (house, minute) = minutes[random.Next(minutes.Count)];
                minute = Math.Clamp(minute + random.Next(-Jitter, Jitter + 1), 0, houses[house].Mains.Length - 1);
            }
            else
            {
                var drawn = random.Next(ends[^1]);
                house = Array.BinarySearch(ends, drawn + 1);
                if (house < 0) house = ~house;
                minute = drawn - (ends[house] - houses[house].Mains.Length);
            }
            if (!float.IsNaN(houses[house].Mains[minute])) return (houses[house], minute);
        }
    }

    private static void Vary(Span<float> window, Random random)
    {
        var noise = random.Happens(0.5) ? random.Between(0, 3) : random.Between(3, 14);
        foreach (ref var value in window) value += noise * (float)random.NextGaussian();
        if (random.Happens(0.3))
        {
            var start = random.Next(window.Length);
            var power = random.Between(30, 430);
            foreach (ref var value in window[start..Math.Min(window.Length, start + random.Next(5, 65))]) value += power;
        }
        const int Target = DisaggregationNetwork.TargetOffset;
        if (random.Happens(CutAhead))
        {
            var last = Target + random.Next(Disaggregation.Target.ProvisionalLookAhead, window.Length - Target);
            window[last..].Fill(window[last]);
        }
        if (random.Happens(CutBehind))
        {
            var first = Target - random.Next(Disaggregation.Target.WarmUp, Target + 1);
            window[..first].Fill(window[first]);
        }
    }

    private List<(int House, int Minute)> Uses(int label)
    {
        var minutes = new List<(int, int)>();
        var least = 0.3f * Appliances.Thresholds[label];
        for (var h = 0; h < houses.Count; h++)
        {
            if (houses[h].Truth[label] is not { } truth) continue;
            for (var minute = 0; minute < truth.Length; minute++)
            {
                if (truth[minute] > least) minutes.Add((h, minute));
            }
        }
        return minutes;
    }
}
