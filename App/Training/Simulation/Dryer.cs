namespace App.Training.Simulation;

/// <summary>A tumble dryer: strong heat that a thermostat begins to interrupt, the drum throughout.</summary>
internal sealed class Dryer(Region region, Random random)
{
    private readonly float heat = region == Region.American ? random.Between(3800, 5600)
        : random.Happens(0.2) ? random.Between(500, 900) : random.Between(1700, 2700);

    private readonly float drum = random.Between(120, 300);

    /// <summary>Dries one load.</summary>
    public void Dry(DayCanvas day, int start)
    {
        var minutes = random.Between(30, 110);
        var steady = random.Between(0.3, 1);
        var at = day.Level(DayCanvas.Unlabelled, start, minutes * steady, heat + drum, 0.01, random);
        if (steady < 0.95)
            at = day.Pulses(DayCanvas.Unlabelled, at, minutes * (1 - steady), heat + drum, drum, random.Between(2, 8), random.Between(0.3, 0.7), random);
        day.Level(DayCanvas.Unlabelled, at, random.Between(1, 8), drum, 0.05, random);
    }
}
