namespace App.Training.Households;

/// <summary>
/// A tumble dryer: strong heat that a thermostat begins to interrupt, the drum throughout. Many European ones turn their
/// drum the other way every few minutes, and heater and motor rest for moments meanwhile.
/// </summary>
internal sealed class Dryer
{
    private readonly Random random;
    private readonly float heat;
    private readonly float drum;
    private readonly int reversalSteps;
    private readonly int restSteps;

    /// <summary>Draws its character.</summary>
    public Dryer(Region region, Random random)
    {
        this.random = random;
        var american = region == Region.American;
        heat = american ? random.Between(3800, 5600) : random.Happens(0.2) ? random.Between(450, 900) : random.Between(1300, 2600);
        drum = random.Between(120, 300);
        reversalSteps = random.Happens(american ? 0.1 : 0.65) ? DayCanvas.Steps(random.Between(1.5, 7)) : int.MaxValue;
        restSteps = DayCanvas.StepsBetween(5, 35, random);
    }

    /// <summary>Dries one load.</summary>
    public void Dry(DayCanvas day, int start)
    {
        var minutes = random.Between(30, 110);
        var steady = random.Between(0.3, 1);
        var at = Tumble(day, start, minutes * steady, heat * (random.Happens(0.15) ? 0.55f : 1));
        if (steady < 0.95)
            at = day.Pulses(DayCanvas.Unlabelled, at, minutes * (1 - steady), heat + drum, drum, random.Between(2, 8),
                random.Between(0.3, 0.7), random);
        day.Level(DayCanvas.Unlabelled, at, random.Between(1, 8), drum, 0.05, random);
    }

    private int Tumble(DayCanvas day, int at, double minutes, float heating)
    {
        var end = at + DayCanvas.Steps(minutes);
        while (at < end)
        {
            for (var i = 0; i < reversalSteps && at < end; i++)
                day.Add(DayCanvas.Unlabelled, at++, (heating + drum) * (1 + (0.01f * random.NextRipple())));
            for (var i = 0; i < restSteps && at < end; i++) day.Add(DayCanvas.Unlabelled, at++, random.Between(2, 20));
        }
        return at;
    }
}
