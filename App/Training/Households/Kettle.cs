namespace App.Training.Households;

/// <summary>A kettle: one flat block of one to five minutes, at times boiled again at once.</summary>
internal sealed class Kettle : Appliance
{
    private const double AtMeals = 0.45;

    private static readonly double[] Hours = [7.3, 8.5, 10.5, 12.8, 15, 16.5, 18.5, 20.5];

    private readonly int label;
    private readonly float power;
    private readonly double perDay;
    private readonly float longest;

    /// <summary>Draws its character.</summary>
    public Kettle(int label, Region region, Random random) : base(random)
    {
        this.label = label;
        power = region == Region.American ? random.Between(1300, 1550) : random.Between(1900, 3100);
        perDay = random.Between(1.5, 10);
        longest = random.Between(2.4, 5);
    }

    /// <inheritdoc/>
    public override void Live(DayCanvas day)
    {
        if (!day.AtHome) return;
        for (var left = Random.Count(perDay); left > 0; left--)
        {
            var minutes = Random.Happens(0.15) ? Random.Between(0.3, 1) : Random.Between(0.8, longest);
            var boil = power * (float)(1 + (0.015 * Random.NextGaussian()));
            var start = Random.Happens(AtMeals) ? day.AtMeal(Random) : DayCanvas.Around(Hours[Random.Next(Hours.Length)], 1.3, Random);
            var end = day.Level(label, start, minutes, boil, 0.004, Random);
            if (Random.Happens(0.12))
                day.Level(label, end + DayCanvas.StepsBetween(20, 200, Random), Random.Between(0.3, 1), boil, 0.004, Random);
        }
    }
}
