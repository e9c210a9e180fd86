using App.Energy.Disaggregation;

namespace App.Training.Households;

/// <summary>
/// An imagined household: an endless stream of days of power, the same for the same seed. Mains and the truth behind them
/// come in steps of <see cref="DayCanvas.StepSeconds"/>.
/// </summary>
internal sealed class Household
{
    private readonly Random random;
    private readonly DayCanvas canvas = new(Appliances.Labels.Count);
    private readonly List<Appliance> appliances;
    private readonly float gain;
    private readonly float limit;
    private readonly double[] mealHours;

    /// <summary>Furnishes the house that belongs to a seed.</summary>
    public Household(int seed, Region? region = null)
    {
        random = new Random(seed);
        Region = region ?? (random.Happens(0.75) ? Region.British : Region.American);
        gain = 1 + (0.015f * (float)random.NextGaussian());
        limit = random.Happens(0.3) ? random.Between(5500, 9000) : float.PositiveInfinity;
        mealHours = [random.Between(6.3, 9.5), random.Between(12, 13.7), random.Between(16, 17.5), random.Between(17.3, 20),
            random.Between(20.3, 22)];
        appliances = [.. Furnish(Region == Region.American)];
    }

    /// <summary>Where it stands.</summary>
    public Region Region { get; }

    /// <summary>Lives the next day.</summary>
    public HouseholdDay NextDay()
    {
        var meals = mealHours.Where((_, i) => i is 0 or 3 || random.Happens(0.5))
            .Select(hour => DayCanvas.Around(hour, 0.4, random)).ToList();
        canvas.Turn(atHome: !random.Happens(0.03), meals);
        foreach (var appliance in appliances) appliance.Live(canvas);
        var mains = canvas.Mains.ToArray();
        foreach (ref var power in mains.AsSpan()) power = Math.Clamp((power * gain) + (2 * random.NextRipple()), 0, limit);
        return new HouseholdDay(mains, [.. Enumerable.Range(0, Appliances.Labels.Count).Select(label => canvas.Watts(label).ToArray())]);
    }

    private IEnumerable<Appliance> Furnish(bool american)
    {
        yield return new BaseLoad(Own());
        yield return new ColdStore(Appliances.Fridge, Region, Own());
        if (random.Happens(american ? 0.25 : 0.45)) yield return new ColdStore(DayCanvas.Unlabelled, Region, Own());
        if (random.Happens(american ? 0.12 : 0.95)) yield return new Kettle(Appliances.Kettle, Region, Own());
        if (random.Happens(0.88)) yield return new Microwave(Appliances.Microwave, Region, Own());
        if (random.Happens(0.75)) yield return new Dishwasher(Appliances.Dishwasher, Region, Own());
        var dryer = random.Happens(american ? 0.8 : 0.55) ? new Dryer(Region, Own()) : null;
        if (random.Happens(0.9)) yield return new WashingMachine(Appliances.WashingMachine, Region, dryer, Own());
        foreach (var (british, americanShare, profile) in Distractors.All)
        {
            if (random.Happens(american ? americanShare : british)) yield return new Use(profile, Own());
        }
    }

    /// <summary>A source of chance of an appliance's own, so that one draws the same whatever the others do.</summary>
    private Random Own() => new(random.Next());
}

/// <summary>One day of an imagined household.</summary>
/// <param name="Mains">Whole-house power in watts, one value for each step of <see cref="DayCanvas.StepSeconds"/>.</param>
/// <param name="Watts">Truth of each of <see cref="Appliances.Labels"/>, in the same steps.</param>
internal sealed record HouseholdDay(float[] Mains, IReadOnlyList<float[]> Watts);
