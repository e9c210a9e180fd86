namespace App.Training.Households;

/// <summary>A washing machine: a drum that turns and rests, water heated early (not in America), rinses, spins.</summary>
internal sealed class WashingMachine : Appliance
{
    private readonly int label;
    private readonly float heat;
    private readonly float drum;
    private readonly float spin;
    private readonly double perDay;
    private readonly bool heats;
    private readonly bool keepsWarm;
    private readonly Dryer? dryer;

    /// <summary>Draws its character.</summary>
    /// <param name="label">Its label.</param>
    /// <param name="region">Where the house stands.</param>
    /// <param name="dryer">The dryer that the washing goes to, if there is one.</param>
    /// <param name="random">Source of chance.</param>
    public WashingMachine(int label, Region region, Dryer? dryer, Random random) : base(random)
    {
        this.label = label;
        this.dryer = dryer;
        heat = random.Between(1750, 2450);
        drum = region == Region.American ? random.Between(150, 500) : random.Between(30, 230);
        spin = random.Between(180, 700);
        perDay = random.Between(0.2, 1.2);
        heats = region == Region.British;
        keepsWarm = random.Happens(0.35);
    }

    /// <inheritdoc/>
    public override void Live(DayCanvas day)
    {
        if (!day.AtHome) return;
        for (var left = Random.Count(perDay); left > 0; left--)
        {
            var end = Wash(day, DayCanvas.Around(Random.Happens(0.5) ? 10 : 17, 3, Random));
            if (Random.Happens(0.6)) dryer?.Dry(day, end + DayCanvas.Steps(Random.Between(2, 60)));
        }
    }

    private int Wash(DayCanvas day, int start)
    {
        var at = Drum(day, start, Random.Between(0.5, 6), 0);
        if (heats && Random.Happens(0.93))
        {
            var minutes = Random.Between(3, 28);
            if (Random.Happens(0.35))
            {
                var first = Random.Between(0.4, 0.8);
                at = Drum(day, at, minutes * first, heat);
                at = Drum(day, at, Random.Between(2, 10), 0);
                minutes *= 1 - first;
                at = Reheat(day, at, Random.Next(0, 4));
            }
            at = Drum(day, at, minutes, heat);
            if (keepsWarm) at = Reheat(day, at, Random.Next(1, 9));
        }
        at = Drum(day, at, heats ? Random.Between(12, 55) : Random.Between(6, 18), 0);
        for (var rinses = Random.Next(1, 4); rinses > 0; rinses--)
        {
            at = Drum(day, at, Random.Between(3, 12), 0);
            at = Spin(day, at, Random.Between(0.5, 4), spin * Random.Between(0.4, 0.9));
        }
        at = Spin(day, at, Random.Between(2, 10), spin);
        return Drum(day, at, Random.Between(0.2, 5), 0);
    }

    /// <summary>Heats for moments, as a thermostat does.</summary>
    private int Reheat(DayCanvas day, int at, int times)
    {
        for (; times > 0; times--)
        {
            at = Drum(day, at, keepsWarm ? Random.Between(0.15, 0.8) : Random.Between(0.4, 2.5), heat);
            at = Drum(day, at, Random.Between(0.7, 5), 0);
        }
        return at;
    }

    private int Drum(DayCanvas day, int at, double minutes, float heating)
    {
        var end = at + DayCanvas.Steps(minutes);
        var period = DayCanvas.StepsBetween(15, 60, Random);
        var duty = Random.Between(0.45, 0.85);
        var turning = drum * Random.Between(0.8, 1.3);
        var load = 1f;
        for (var i = 0; at < end; at++, i++)
        {
            // Wet washing falls otherwise each time that the drum turns round.
            if (i % period == 0) load = 1 + (0.2f * (float)Random.NextGaussian());
            var power = i % period < period * duty ? turning * (load + (0.1f * Random.NextRipple())) : Random.Between(4, 15);
            day.Add(label, at, Math.Max(2, power) + heating);
        }
        return at;
    }

    private int Spin(DayCanvas day, int at, double minutes, float power)
    {
        var end = at + DayCanvas.Steps(minutes);
        for (var i = 0; at < end; at++, i++)
            day.Add(label, at, power * Math.Min(1, 0.3f + (i * DayCanvas.StepSeconds / 120f)) * (1 + (0.05f * Random.NextRipple())));
        return at;
    }
}
