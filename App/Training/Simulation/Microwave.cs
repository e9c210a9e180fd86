namespace App.Training.Simulation;

/// <summary>A microwave oven: whole minutes and half ones at full power, or pulsed (or, with an inverter, held low) to defrost.</summary>
internal sealed class Microwave : Appliance
{
    private const double AtMeals = 0.6;

    private static readonly double[] Hours = [7.5, 8.5, 12.5, 13.5, 18, 19.5];
    private static readonly double[] Minutes = [0.33, 0.5, 0.75, 1, 1, 1.5, 1.5, 2, 2, 2, 2.5, 3, 3, 4, 5, 7];

    private readonly int label;
    private readonly float power;
    private readonly double perDay;
    private readonly bool inverter;

    /// <summary>Draws its character.</summary>
    public Microwave(int label, Region region, Random random) : base(random)
    {
        this.label = label;
        power = region == Region.American ? random.Between(950, 1850) : random.Between(900, 1700);
        perDay = random.Between(0.5, 5.5);
        inverter = random.Happens(0.2);
    }

    /// <inheritdoc/>
    public override void Live(DayCanvas day)
    {
        if (!day.AtHome) return;
        for (var left = Random.Count(perDay); left > 0; left--)
        {
            var start = Random.Happens(AtMeals) ? day.AtMeal(Random) : DayCanvas.Around(Hours[Random.Next(Hours.Length)], 1.4, Random);
            var cook = power * (float)(1 + (0.03 * Random.NextGaussian()));
            if (Random.Happens(0.15))
            {
                var minutes = Random.Between(2.5, 11);
                if (inverter) day.Level(label, start, minutes, cook * Random.Between(0.35, 0.7), 0.02, Random);
                else day.Pulses(label, start, minutes, cook, Random.Between(30, 90), Random.Between(0.33, 0.6), Random.Between(0.25, 0.65), Random);
            }
            else
            {
                var end = day.Level(label, start, Minutes[Random.Next(Minutes.Length)] * Random.Between(0.85, 1.1), cook, 0.015, Random);
                if (Random.Happens(0.2)) day.Level(label, end + Random.Next(2, 9), Random.Between(0.3, 1.5), cook, 0.015, Random);
            }
        }
    }
}
