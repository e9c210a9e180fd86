namespace App.Training.Households;

/// <summary>
/// A dishwasher: a circulation pump throughout, interrupted by drains, and one to three stretches of heating, of which the
/// last may be for drying. American machines heat at half the power and for longer.
/// </summary>
internal sealed class Dishwasher : Appliance
{
    private readonly int label;
    private readonly float heat;
    private readonly float pump;
    private readonly bool pumpSwings;
    private readonly double perDay;
    private readonly double hour;
    private readonly double preMinutes;
    private readonly double washMinutes;
    private readonly double[] heatMinutes;
    private readonly double[] restMinutes;
    private readonly double stutter;
    private readonly float sag;
    private readonly bool fillsAgain;
    private readonly float dryPower;
    private readonly double dryMinutes;

    /// <summary>Draws its character.</summary>
    public Dishwasher(int label, Region region, Random random) : base(random)
    {
        this.label = label;
        var american = region == Region.American;
        heat = american ? random.Between(650, 1300) : random.Happens(0.04) ? random.Between(1100, 1700) : random.Between(1750, 2500);
        pump = american ? random.Between(120, 280) : random.Between(20, 130);
        pumpSwings = random.Happens(american ? 0.6 : 0.3);
        perDay = random.Between(0.15, 1.1);
        hour = random.Happens(0.3) ? 13 : 20;
        preMinutes = random.Happens(0.25) ? random.Between(0.5, 3) : random.Between(4, 20);
        washMinutes = random.Between(8, 45);
        heatMinutes = american
            ? [random.Between(14, 40), random.Between(6, 22)]
            : [random.Between(6, 22), random.Between(4, 16), random.Between(6, 20)];
        if (random.Happens(american ? 0.3 : 0.55)) heatMinutes = heatMinutes[..^1];
        restMinutes = [random.Between(6, 30), random.Between(4, 24)];
        stutter = random.Happens(american ? 0.35 : 0.05) ? random.Between(0.02, 0.15) : 0;
        sag = random.Between(0, 0.08);
        fillsAgain = random.Happens(0.6);
        dryPower = random.Happens(0.25) ? random.Between(250, american ? 900 : 800) : random.Between(2, 20);
        dryMinutes = random.Between(2, 25);
    }

    /// <inheritdoc/>
    public override void Live(DayCanvas day)
    {
        if (!day.AtHome) return;
        for (var left = Random.Count(perDay); left > 0; left--) Wash(day, DayCanvas.Around(hour, 2.5, Random));
    }

    private void Wash(DayCanvas day, int start)
    {
        var pace = Random.Between(0.85, 1.15);
        var quick = Random.Happens(0.15);
        var at = Circulate(day, start, preMinutes * pace * (quick ? 0.3 : 1));
        if (fillsAgain) at = Circulate(day, Fill(day, at), Random.Between(0.1, 2));
        for (var i = 0; i < heatMinutes.Length; i++)
        {
            if (i > 0)
            {
                at = Circulate(day, at, (i == 1 ? washMinutes : restMinutes[1]) * pace * (quick ? 0.5 : 1));
                at = Fill(day, at);
                at = Circulate(day, at, restMinutes[0] * 0.4 * pace);
            }
            at = Heat(day, at, heatMinutes[i] * pace * Random.Between(0.9, 1.1));
        }
        if (Random.Happens(0.45)) at = Circulate(day, at, restMinutes[1] * 0.6 * pace);
        day.Level(label, at, dryMinutes, dryPower, 0.05, Random);
    }

    /// <summary>Drains and fills, with the pump at rest.</summary>
    private int Fill(DayCanvas day, int at) => day.Level(label, at, Random.Between(0.5, 3.5), Random.Between(5, 40), 0.1, Random);

    /// <summary>Heats, with the pump on: draws a little less as the water grows warm, and at times lets go for moments.</summary>
    private int Heat(DayCanvas day, int at, double minutes)
    {
        var (start, end) = (at, at + DayCanvas.Steps(minutes));
        while (at < end)
        {
            var pause = Random.Happens(stutter * 0.03 * DayCanvas.StepSeconds) ? DayCanvas.StepsBetween(6, 60, Random) : 0;
            for (; pause > 0 && at < end; pause--) day.Add(label, at++, pump);
            if (at == end) break;
            var warmth = (at - start) / (float)(end - start);
            day.Add(label, at++, heat * (1 - (sag * warmth)) * (1 + (0.006f * Random.NextRipple())));
        }
        return at;
    }

    private int Circulate(DayCanvas day, int at, double minutes)
    {
        var end = at + DayCanvas.Steps(minutes);
        while (at < end)
        {
            var level = pump * (pumpSwings ? Random.Between(0.65, 1.1) : Random.Between(0.95, 1.03));
            at = day.Level(label, at, Math.Min(Random.Between(2, 8), (end - at) / (double)DayCanvas.StepsPerMinute), level, 0.03, Random);
            if (pumpSwings && Random.Happens(0.4)) at = day.Level(label, at, Random.Between(0.2, 1), Random.Between(3, 40), 0.1, Random);
        }
        return at;
    }
}
