namespace App.Training.Households;

/// <summary>What is always on: a level that wanders, and small loads that switch by themselves (router, pump, boiler).</summary>
internal sealed class BaseLoad : Appliance
{
    private const int StepsPerWander = 10 / DayCanvas.StepSeconds;

    private readonly float level;
    private readonly double wander;
    private readonly (float Watts, int Period, double Duty)[] switching;
    private double drift;
    private int clock;

    /// <summary>Draws its character.</summary>
    public BaseLoad(Random random) : base(random)
    {
        level = random.Between(30, 260);
        wander = random.Between(0.2, 0.9);
        switching = [.. Enumerable.Range(0, random.Next(0, 3))
            .Select(_ => (random.Between(10, 90), (int)random.Between(200, 4000) * StepsPerWander, (double)random.Between(0.2, 0.8)))];
    }

    /// <inheritdoc/>
    public override void Live(DayCanvas day)
    {
        for (var step = 0; step < DayCanvas.StepsPerDay; step++, clock++)
        {
            if (step % StepsPerWander == 0) drift = (0.995 * drift) + (wander * Random.NextGaussian());
            var power = Math.Max(5, level + drift);
            foreach (var load in switching)
            {
                if (clock % load.Period < load.Period * load.Duty) power += load.Watts;
            }
            day.Add(DayCanvas.Unlabelled, step, (float)power);
        }
    }
}
