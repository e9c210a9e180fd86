using App.Energy.Disaggregation;

namespace App.Training;

/// <summary>
/// Draws training windows out of houses: half of them anywhere, the rest around minutes in which some appliance is on, so
/// that rare ones are seen often enough, or in which something strong is on that is none of them, so that what looks like
/// an appliance is not seen much more seldom than the appliance. Windows are varied: scaled, made noisy, given a load of unknown kind, and
/// cut
/// short on either side as they are at the edges of a segment and before the look-ahead is there; of
/// some only the means are told, whatever the meter, as of most meters.
/// </summary>
internal sealed class WindowSampler
{
    private const double AroundUse = 0.35;
    private const double AroundOther = 0.15;
    private const float StrongWatts = 700;
    private const double CutAhead = 0.15;
    private const double CutBehind = 0.05;
    private const double MeansOnly = 0.3;
    private const int Jitter = 6;

    private const int Length = DisaggregationNetwork.Window;

    private readonly IReadOnlyList<House> houses;
    private readonly int[] ends;
    private readonly List<(int House, int Minute)>[] uses;
    private readonly List<(int House, int Minute)> others;

    /// <summary>Looks through the houses for what may be drawn.</summary>
    public WindowSampler(IReadOnlyList<House> houses)
    {
        this.houses = houses;
        ends = new int[houses.Count];
        for (var h = 0; h < houses.Count; h++) ends[h] = houses[h].Mains.Length + (h > 0 ? ends[h - 1] : 0);
        uses = [.. Appliances.Labels.Select((_, label) => Uses(label)).Where(minutes => minutes.Count > 0)];
        others = Minutes((house, minute) => Unexplained(house, minute) > StrongWatts);
    }

    /// <summary>Draws one window.</summary>
    /// <param name="input">Receives the network's input.</param>
    /// <param name="watts">Receives the truth at the target; NaN where it is unknown.</param>
    /// <param name="random">Source of chance.</param>
    public void Draw(Span<float> input, Span<float> watts, Random random)
    {
        Span<float> window = stackalloc float[DisaggregationNetwork.WindowSize];
        var (house, minute) = DrawTarget(random);
        Window.Fill(house.Minutes, minute, DisaggregationNetwork.TargetOffset, DisaggregationNetwork.Window, window);
        for (var label = 0; label < watts.Length; label++) watts[label] = house.Truth[label]?[minute] ?? float.NaN;
        Vary(window, random);
        DisaggregationNetwork.Normalise(window, input);
    }

    // Where the means, the lows and the highs begin.
    private static ReadOnlySpan<int> Rows => [0, Length, 2 * Length];

    private (House House, int Minute) DrawTarget(Random random)
    {
        while (true)
        {
            int house, minute;
            if (DrawKind(random) is { Count: > 0 } minutes)
            {
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

    /// <summary>The minutes to draw from; null: all of them.</summary>
    private List<(int House, int Minute)>? DrawKind(Random random)
    {
        var kind = random.NextDouble();
        if (kind < AroundUse && uses.Length > 0) return uses[random.Next(uses.Length)];
        return kind > 1 - AroundOther ? others : null;
    }

    private static void Vary(Span<float> window, Random random)
    {
        var noise = random.Happens(0.5) ? random.Between(0, 3) : random.Between(3, 14);
        for (var minute = 0; minute < Length; minute++) Raise(window, minute, noise * (float)random.NextGaussian());
        if (random.Happens(0.3))
        {
            var start = random.Next(Length);
            var power = random.Between(30, 430);
            var end = Math.Min(Length, start + random.Next(5, 65));
            for (var minute = start; minute < end; minute++) Raise(window, minute, power);
        }
        const int Target = DisaggregationNetwork.TargetOffset;
        if (random.Happens(CutAhead))
        {
            var last = Target + random.Next(Energy.Disaggregation.Target.ProvisionalLookAhead, Length - Target);
            foreach (var row in Rows) window.Slice(row + last + 1, Length - last - 1).Fill(window[last]);
        }
        if (random.Happens(CutBehind))
        {
            var first = Target - random.Next(Energy.Disaggregation.Target.WarmUp, Target + 1);
            foreach (var row in Rows) window.Slice(row, first).Fill(window[first]);
        }
        if (!random.Happens(MeansOnly)) return;
        foreach (var row in Rows) window[..Length].CopyTo(window[row..]);
    }

    private static void Raise(Span<float> window, int minute, float watts)
    {
        foreach (var row in Rows) window[row + minute] += watts;
    }

    private List<(int House, int Minute)> Uses(int label)
    {
        var least = 0.3f * Appliances.Thresholds[label];
        return Minutes((house, minute) => house.Truth[label]?[minute] > least);
    }

    /// <summary>Watts that no appliance accounts for.</summary>
    private static float Unexplained(House house, int minute)
    {
        var watts = house.Mains[minute];
        foreach (var truth in house.Truth)
        {
            if (truth?[minute] is { } known && !float.IsNaN(known)) watts -= known;
        }
        return watts;
    }

    private List<(int House, int Minute)> Minutes(Func<House, int, bool> wanted)
    {
        var minutes = new List<(int, int)>();
        for (var h = 0; h < houses.Count; h++)
        {
            for (var minute = 0; minute < houses[h].Mains.Length; minute++)
            {
                if (wanted(houses[h], minute)) minutes.Add((h, minute));
            }
        }
        return minutes;
    }
}
