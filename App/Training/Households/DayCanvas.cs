namespace App.Training.Households;

/// <summary>
/// The day that appliances draw their power on, in steps of <see cref="StepSeconds"/>. What they draw past midnight
/// is kept for the next day.
/// </summary>
internal sealed class DayCanvas(int labels)
{
    /// <summary>Length of a step.</summary>
    public const int StepSeconds = 2;

    /// <summary>Steps of a minute.</summary>
    public const int StepsPerMinute = 60 / StepSeconds;

    /// <summary>Steps of a day.</summary>
    public const int StepsPerDay = 24 * 60 * StepsPerMinute;

    /// <summary>Stands in for the label of what is not to be told apart.</summary>
    public const int Unlabelled = -1;

    private readonly float[] mains = new float[2 * StepsPerDay];
    private readonly float[][] watts = [.. Enumerable.Range(0, labels).Select(_ => new float[2 * StepsPerDay])];

    /// <summary>Whether somebody is at home to use things.</summary>
    public bool AtHome { get; private set; } = true;

    /// <summary>Steps of today around which the household cooks and eats; never none.</summary>
    public IReadOnlyList<int> Meals { get; private set; } = [];

    /// <summary>Power of the whole house today, in watts.</summary>
    public ReadOnlySpan<float> Mains => mains.AsSpan(0, StepsPerDay);

    /// <summary>Power of one label today, in watts.</summary>
    public ReadOnlySpan<float> Watts(int label) => watts[label].AsSpan(0, StepsPerDay);

    /// <summary>Turns to the next day.</summary>
    public void Turn(bool atHome, IReadOnlyList<int> meals)
    {
        AtHome = atHome;
        Meals = meals;
        foreach (var row in watts.Prepend(mains))
        {
            row.AsSpan(StepsPerDay).CopyTo(row);
            row.AsSpan(StepsPerDay).Clear();
        }
    }

    /// <summary>Adds power in one step; what lies beyond tomorrow or before today is lost.</summary>
    public void Add(int label, int step, float power)
    {
        if ((uint)step >= (uint)mains.Length) return;
        mains[step] += power;
        if (label != Unlabelled) watts[label][step] += power;
    }

    /// <summary>Draws a level with relative noise and answers the step behind it.</summary>
    public int Level(int label, int start, double minutes, float power, double noise, Random random)
    {
        var end = start + Steps(minutes);
        for (var step = start; step < end; step++) Add(label, step, Math.Max(0, power * (1 + ((float)noise * random.NextRipple()))));
        return end;
    }

    /// <summary>Draws a thermostat or a motor that switches between two levels and answers the step behind it.</summary>
    /// <param name="label">Label or <see cref="Unlabelled"/>.</param>
    /// <param name="start">First step.</param>
    /// <param name="minutes">Length of the whole.</param>
    /// <param name="on">Power while on, in watts.</param>
    /// <param name="off">Power between.</param>
    /// <param name="periodMinutes">Length of one on and off.</param>
    /// <param name="duty">Share of the period that is on.</param>
    /// <param name="random">Source of chance.</param>
    public int Pulses(int label, int start, double minutes, float on, float off, double periodMinutes, double duty, Random random)
    {
        var end = start + Steps(minutes);
        for (var step = start; step < end;)
        {
            var period = Math.Max(2, (int)Math.Round(periodMinutes * StepsPerMinute * random.Between(0.9, 1.1)));
            var high = Math.Max(1, (int)Math.Round(period * duty));
            for (var i = 0; i < period && step < end; i++, step++)
                Add(label, step, Math.Max(0, (i < high ? on : off) * (1 + (0.015f * random.NextRipple()))));
        }
        return end;
    }

    /// <summary>Steps of a length between two in seconds, at least one.</summary>
    public static int StepsBetween(double low, double high, Random random) => Steps(random.Between(low, high) / 60);

    /// <summary>Steps of a length in minutes, at least one.</summary>
    public static int Steps(double minutes) => Math.Max(1, (int)Math.Round(minutes * StepsPerMinute));

    /// <summary>A step of today at which kitchen appliances are used together: half of them within two minutes of a meal.</summary>
    public int AtMeal(Random random)
    {
        var meal = Meals[random.Next(Meals.Count)];
        return meal
            + (random.Happens(0.5)
                ? random.Next(-2 * StepsPerMinute, 2 * StepsPerMinute) : (int)(15 * StepsPerMinute * random.NextGaussian()));
    }

    /// <summary>A step of today around an hour.</summary>
    public static int Around(double hour, double deviationHours, Random random) =>
        (int)(Math.Clamp(hour + (deviationHours * random.NextGaussian()), 0, 23.98) * 60 * StepsPerMinute);
}
