namespace App.Training.Households;

/// <summary>A span that a character or a use is drawn from, uniformly.</summary>
internal readonly record struct Interval(double Low, double High)
{
    /// <summary>One draw.</summary>
    public float Draw(Random random) => random.Between(Low, High);
}

/// <summary>How a simple load is used; see <see cref="Distractors"/>.</summary>
/// <param name="PerDay">Mean number of uses a day; a house draws its own.</param>
/// <param name="Hours">Hours of the day around which it is used.</param>
/// <param name="SpreadHours">Standard deviation around them.</param>
/// <param name="Minutes">Length of a use.</param>
/// <param name="Watts">Power; a house draws its own.</param>
internal sealed record UseProfile(Interval PerDay, double[] Hours, double SpreadHours, Interval Minutes, Interval Watts)
{
    /// <summary>Relative noise of the power.</summary>
    public double Noise { get; init; } = 0.01;

    /// <summary>Whether every use draws its own power within <see cref="Watts"/>, as lights do.</summary>
    public bool VariesByUse { get; init; }

    /// <summary>Share of the uses that come with a meal.</summary>
    public double AtMeals { get; init; }

    /// <summary>Minutes of one on and off of its thermostat; null for a steady load.</summary>
    public Interval? Period { get; init; }

    /// <summary>Share of the period that is on.</summary>
    public Interval Duty { get; init; } = new(0.25, 0.8);

    /// <summary>Minutes at full power before the thermostat first switches.</summary>
    public Interval HeatUp { get; init; } = new(0.5, 3);

    /// <summary>Power while the thermostat is off.</summary>
    public Interval Idle { get; init; } = new(0, 20);
}

/// <summary>A load without a label.</summary>
internal sealed class Use(UseProfile profile, Random random) : Appliance(random)
{
    private readonly float perDay = profile.PerDay.Draw(random);
    private readonly float power = profile.Watts.Draw(random);
    private readonly float idle = profile.Idle.Draw(random);
    private readonly float period = profile.Period?.Draw(random) ?? 0;

    /// <inheritdoc/>
    public override void Live(DayCanvas day)
    {
        if (!day.AtHome) return;
        for (var left = Random.Count(perDay); left > 0; left--)
        {
            var start = Random.Happens(profile.AtMeals)
                ? day.AtMeal(Random) : DayCanvas.Around(profile.Hours[Random.Next(profile.Hours.Length)], profile.SpreadHours, Random);
            var watts = profile.VariesByUse ? profile.Watts.Draw(Random) : power;
            var minutes = profile.Minutes.Draw(Random);
            if (period == 0)
            {
                day.Level(DayCanvas.Unlabelled, start, minutes, watts, profile.Noise, Random);
                continue;
            }
            var heatUp = Math.Min(minutes, profile.HeatUp.Draw(Random));
            var at = day.Level(DayCanvas.Unlabelled, start, heatUp, watts, profile.Noise, Random);
            if (heatUp < minutes)
                day.Pulses(DayCanvas.Unlabelled, at, minutes - heatUp, watts, idle, period, profile.Duty.Draw(Random), Random);
        }
    }
}
