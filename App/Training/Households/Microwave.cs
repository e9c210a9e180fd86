namespace App.Training.Households;

/// <summary>
/// A microwave oven: whole minutes and half ones at full power, or pulsed (or, with an inverter, held low) to defrost or to
/// simmer, at times after full power. Before the magnetron draws power its filament glows for two seconds, and it draws a
/// little less as it grows warm.
/// </summary>
internal sealed class Microwave : Appliance
{
    private const double AtMeals = 0.6;

    private static readonly double[] Hours = [7.5, 8.5, 12.5, 13.5, 18, 19.5];
    private static readonly double[] Minutes = [0.33, 0.5, 0.75, 1, 1, 1.5, 1.5, 2, 2, 2, 2.5, 3, 3, 4, 5, 7];

    private readonly int label;
    private readonly float power;
    private readonly double perDay;
    private readonly bool inverter;
    private readonly float sag;
    private readonly double period;

    /// <summary>Draws its character.</summary>
    public Microwave(int label, Region region, Random random) : base(random)
    {
        this.label = label;
        // What is drawn is about one and a half times what the oven is sold by: mostly 900 to 1,200 W in America, 700 to 900 in Britain.
        var common = random.Happens(0.7);
        power = region == Region.American
            ? common ? random.Between(1350, 1800) : random.Between(950, 1850)
            : common ? random.Between(1050, 1450) : random.Between(900, 1700);
        perDay = random.Between(0.5, 5.5);
        inverter = random.Happens(0.08);
        sag = random.Between(0, 0.08);
        period = random.Between(0.3, 0.6);
    }

    /// <inheritdoc/>
    public override void Live(DayCanvas day)
    {
        if (!day.AtHome) return;
        for (var left = Random.Count(perDay); left > 0; left--)
        {
            var start = Random.Happens(AtMeals) ? day.AtMeal(Random) : DayCanvas.Around(Hours[Random.Next(Hours.Length)], 1.4, Random);
            var cook = power * (float)(1 + (0.03 * Random.NextGaussian()));
            var gently = Random.Happens(0.17);
            if (!gently || Random.Happens(0.3))
            {
                start = Cook(day, start, Minutes[Random.Next(Minutes.Length)] * Random.Between(0.85, 1.1), cook);
                if (!gently && Random.Happens(0.2))
                    Cook(day, start + DayCanvas.StepsBetween(15, 90, Random), Random.Between(0.3, 1.5), cook);
            }
            if (!gently) continue;
            var minutes = Random.Between(1.2, 11);
            if (inverter) day.Level(label, start, minutes, cook * Random.Between(0.35, 0.7), 0.02, Random);
            else day.Pulses(label, start, minutes, cook, Random.Between(30, 90), period, Random.Between(0.2, 0.8), Random);
        }
    }

    private int Cook(DayCanvas day, int at, double minutes, float cook)
    {
        const float WarmAfterSeconds = 150;
        var end = at + DayCanvas.Steps(minutes);
        day.Add(label, at++, cook * Random.Between(0.1, 0.9));
        for (var i = 0; at < end; i++)
        {
            var warmth = Math.Min(1, i * DayCanvas.StepSeconds / WarmAfterSeconds);
            day.Add(label, at++, cook * (1 - (sag * warmth)) * (1 + (0.01f * Random.NextRipple())));
        }
        return at;
    }
}
