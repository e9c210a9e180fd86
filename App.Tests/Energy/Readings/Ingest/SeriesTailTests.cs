using App.Energy.Readings;
using App.Energy.Readings.Ingest;

namespace App.Tests.Energy.Readings.Ingest;

public sealed class SeriesTailTests
{
    [Fact]
    public void Random_readings_are_judged_as_a_full_memory_judges_them_or_left_open()
    {
        var judged = 0;
        for (var seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            var stored = new Dictionary<long, double>();
            for (var i = random.Next(20); i > 0; i--) stored[random.Next(50)] = random.Next(3);
            var tail = new SeriesTail(stored.Count == 0 ? long.MinValue : stored.Keys.Max());
            for (var step = 0; step < 400; step++)
            {
                if (random.Next(30) == 0) Others(random, stored, tail, step);
                var reading = new Reading(random.Next(50 + step), random.Next(3));
                var isNewest = stored.Count == 0 || reading.Ts > stored.Keys.Max();
                var known = stored.TryGetValue(reading.Ts, out var watts);
                var novelty = tail.Apply(reading);
                if (novelty == Novelty.Unknown) Assert.False(isNewest, "The newest reading of all needs no look at the store.");
                else Assert.Equal(!known ? Novelty.New : watts.Equals(reading.Watts) ? Novelty.Same : Novelty.Changed, novelty);
                if (novelty != Novelty.Unknown) judged++;
                stored[reading.Ts] = reading.Watts;
                Assert.True(tail.Newest >= stored.Keys.Max());
            }
        }
        Assert.InRange(judged, 600, 24_000);
    }

    [Fact]
    public void Minus_zero_is_another_value_no_more_than_zero_is()
    {
        var tail = new SeriesTail(0);
        Assert.Equal(Novelty.New, tail.Apply(new(1, 0.0)));
        Assert.Equal(Novelty.Same, tail.Apply(new(1, -0.0)));
    }

    // Another process stores some readings, of which only the newest time is told.
    private static void Others(Random random, Dictionary<long, double> stored, SeriesTail tail, int step)
    {
        var theirs = Enumerable.Range(0, random.Next(1, 4))
            .Select(_ => (Ts: (long)random.Next(50 + step), Watts: (double)random.Next(3))).ToList();
        foreach (var (ts, watts) in theirs) stored[ts] = watts;
        tail.RaiseFloor(theirs.Max(reading => reading.Ts));
    }
}
