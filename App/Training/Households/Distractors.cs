namespace App.Training.Households;

/// <summary>The loads that are not told apart, with the share of houses that own them. Powers are those of name plates.</summary>
internal static class Distractors
{
    /// <summary>Every profile with its share of British and of American houses.</summary>
    public static IReadOnlyList<(double British, double American, UseProfile Profile)> All { get; } =
    [
        // Light and screens.
        (1, 1, new(new(4, 16), [7.5, 19.5, 20.5], 2.5, new(10, 300), new(10, 180)) { VariesByUse = true }),
        (0.9, 0.9, new(new(0.5, 2), [13, 19.5], 3, new(60, 300), new(50, 260)) { Noise = 0.06 }),
        (0.4, 0.4, new(new(0.3, 1.5), [11, 20], 3, new(30, 240), new(80, 350)) { Noise = 0.12 }),
        // Kitchen.
        (0.8, 0.8, new(new(0.2, 1), [8], 1, new(1.2, 4), new(700, 1400)) { AtMeals = 0.6 }),
        (0.15, 0.4,
            new(new(0.2, 1), [7.5, 13], 1.5, new(5, 45), new(650, 1200)) { AtMeals = 0.5, Period = new(1, 6), HeatUp = new(3, 9),
                Duty = new(0.1, 0.5) }),
        (0.75, 0.35,
            new(new(0.2, 0.9), [12.5, 18], 1.6, new(12, 80), new(1600, 3200)) { AtMeals = 0.5, Period = new(1, 5), HeatUp = new(4, 24),
                Duty = new(0.2, 0.92), Idle = new(15, 90) }),
        (0.4, 0.3,
            new(new(0.3, 1.4), [8, 12.5, 18.2], 1.6, new(4, 45), new(900, 2200)) { AtMeals = 0.6, Period = new(0.3, 1.5),
                Duty = new(0.15, 0.95), HeatUp = new(0.5, 4) }),
        (0.3, 0.3, new(new(0.1, 0.4), [18], 2, new(5, 40), new(900, 1500)) { Period = new(1, 5) }),
        // filter coffee
        (0.2, 0.6,
            new(new(0.3, 1.4), [7.3, 9, 13], 1.2, new(5, 60), new(650, 1400)) { AtMeals = 0.5, HeatUp = new(4, 10), Period = new(2, 6),
                Duty = new(0.03, 0.15) }),
        // whatever heats for some minutes
        (0.6, 0.7, new(new(0.3, 3), [7.5, 12.5, 18, 21], 3, new(0.4, 12), new(600, 1900)) { AtMeals = 0.3 }),
        // and pulses
        (0.3, 0.4,
            new(new(0.2, 1.5), [8, 13, 19], 3, new(2, 20), new(600, 1800)) { AtMeals = 0.4, Period = new(0.3, 1.2), Duty = new(0.2, 0.8),
                HeatUp = new(0.3, 3) }),
        // Care of clothes, hair and floors.
        (0.6, 0.3, new(new(0.05, 0.3), [11, 17], 3, new(8, 50), new(1400, 2600)) { Period = new(0.8, 3.5), Duty = new(0.15, 0.6) }),
        (0.7, 0.8, new(new(0.1, 0.9), [7.5, 19], 1.5, new(1, 11), new(450, 2000))),
        (0.9, 0.8, new(new(0.05, 0.3), [12], 3, new(3, 25), new(500, 1700)) { Noise = 0.03 }),
        // Water and warmth.
        (0.4, 0.05, new(new(0.5, 2.5), [7.3, 20], 1.4, new(1.5, 12), new(5500, 10500))),
        (0.2, 0.05, new(new(0.5, 1.5), [6, 16], 1, new(8, 75), new(2400, 3100))),
        (0.05, 0.3, new(new(1, 4), [7, 12, 20], 2, new(5, 40), new(3500, 5000))),
        (0.3, 0.15,
            new(new(0.2, 0.8), [8, 13, 18], 3, new(8, 220), new(600, 2300)) { Period = new(2, 20), Duty = new(0.3, 0.95),
                HeatUp = new(2, 40) }),
        (0.08, 0.08,
            new(new(0.3, 1), [2, 5], 1.5, new(60, 300), new(600, 2500)) { Period = new(4, 30), Duty = new(0.2, 0.7), HeatUp = new(5, 20) }),
        (0.01, 0.12,
            new(new(0.3, 1.2), [13, 17, 21], 2.5, new(60, 420), new(1500, 3600)) { Period = new(8, 40), Duty = new(0.3, 0.8),
                HeatUp = new(8, 40), Idle = new(0, 120) }),
        (0.1, 0.35, new(new(2, 14), [3, 7, 12, 19], 3, new(5, 25), new(150, 550))), // furnace blower, circulation pump
        // Cars and pools.
        (0.06, 0.06, new(new(0.2, 0.9), [19, 23.5], 2, new(60, 360), new(1800, 7200))),
        (0.05, 0.08, new(new(0.5, 1.2), [10], 2, new(120, 420), new(500, 1500))),
    ];
}
