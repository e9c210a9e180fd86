namespace App.Training.Households;

/// <summary>A fridge or freezer: a compressor that starts with a peak, sinks to its level, and now and then defrosts.</summary>
internal sealed class ColdStore : Appliance
{
    private readonly int label;
    private readonly float power;
    private readonly float start;
    private readonly float sag;
    private readonly float idle;
    private readonly double onMinutes;
    private readonly double offMinutes;
    private readonly double spread;
    private readonly int cyclesPerDefrost;
    private readonly float defrostPower;
    private readonly double defrostMinutes;
    private int next;
    private int cycles;

    /// <summary>Draws its character.</summary>
    public ColdStore(int label, Region region, Random random) : base(random)
    {
        this.label = label;
        power = region == Region.American ? random.Between(90, 220) : random.Between(55, 170);
        start = random.Between(0, 7);
        sag = random.Between(0.03, 0.35);
        idle = random.Happens(0.5) ? 0 : random.Between(0, 8);
        onMinutes = random.Between(8, 38);
        offMinutes = onMinutes * random.Between(0.6, 3.2);
        spread = random.Between(0.03, 0.18);
        cyclesPerDefrost = random.Happens(region == Region.American ? 0.6 : 0.35) ? random.Next(10, 50) : int.MaxValue;
        defrostPower = random.Between(200, 550);
        defrostMinutes = random.Between(10, 30);
        next = random.Next((int)(offMinutes * DayCanvas.StepsPerMinute));
        cycles = random.Next(20);
    }

    /// <inheritdoc/>
    public override void Live(DayCanvas day)
    {
        if (idle > 0)
        {
            for (var step = 0; step < DayCanvas.StepsPerDay; step++) day.Add(label, step, idle);
        }
        while (next < DayCanvas.StepsPerDay)
        {
            var minutes = onMinutes * (1 + (spread * Random.NextGaussian())) * (Random.Happens(0.05) ? Random.Between(1.4, 3) : 1);
            var steps = DayCanvas.Steps(Math.Max(3, minutes));
            for (var i = 0; i < steps; i++)
            {
                var level = power * (1 + (sag * MathF.Exp(-i * DayCanvas.StepSeconds / 300f)) + (0.01f * Random.NextRipple()));
                day.Add(label, next + i, level + (i == 0 ? power * start : 0) - idle);
            }
            next += steps;
            if (++cycles % cyclesPerDefrost == 0) next = day.Level(label, next, defrostMinutes, defrostPower, 0.01, Random);
            next += DayCanvas.Steps(Math.Max(3, offMinutes * (1 + (spread * Random.NextGaussian()))));
        }
        next -= DayCanvas.StepsPerDay;
    }
}
