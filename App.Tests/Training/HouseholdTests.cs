using App.Energy.Disaggregation;
using App.Training.Households;

namespace App.Tests.Training;

public sealed class HouseholdTests
{
    [Fact]
    public void The_same_seed_lives_the_same_days()
    {
        var (one, other) = (new Household(42), new Household(42));
        for (var day = 0; day < 3; day++)
        {
            var (a, b) = (one.NextDay(), other.NextDay());
            Assert.Equal(a.Mains, b.Mains);
            for (var label = 0; label < Appliances.Labels.Count; label++) Assert.Equal(a.Watts[label], b.Watts[label]);
        }
    }

    [Fact]
    public void Other_seeds_and_other_days_differ()
    {
        var household = new Household(1);
        var first = household.NextDay().Mains;
        Assert.NotEqual(first, household.NextDay().Mains);
        Assert.NotEqual(first, new Household(2).NextDay().Mains);
    }

    [Theory]
    [InlineData(3, true)]
    [InlineData(4, false)]
    public void The_parts_never_exceed_the_whole_of_a_meter_that_is_not_saturated(int seed, bool british)
    {
        var household = new Household(seed, british ? Region.British : Region.American);
        for (var left = 5; left > 0; left--)
        {
            var day = household.NextDay();
            for (var step = 0; step < day.Mains.Length; step++)
            {
                var parts = day.Watts.Sum(watts => watts[step]);
                if (day.Mains[step] < 5000) Assert.InRange(parts, 0, (day.Mains[step] * 1.1) + 20);
            }
        }
    }

    [Fact]
    public void British_houses_boil_kettles_and_American_dishwashers_heat_less()
    {
        var (british, american) = (Peaks(Region.British), Peaks(Region.American));
        Assert.True(british[Appliances.Kettle] > 1800);
        Assert.InRange(british[Appliances.Dishwasher], 1700, 2700);
        Assert.InRange(american[Appliances.Dishwasher], 500, 1450);
        Assert.All([Appliances.Fridge, Appliances.Microwave], label => Assert.True(british[label] > 0 && american[label] > 0));
    }

    [Fact]
    public void What_runs_past_midnight_goes_on_the_next_day()
    {
        var canvas = new DayCanvas(1);
        canvas.Turn(atHome: true, [0]);
        canvas.Level(0, DayCanvas.StepsPerDay - 2, minutes: 1, power: 100, noise: 0, new Random(1));
        Assert.Equal(2, canvas.Watts(0).Count(100f));
        canvas.Turn(atHome: true, [0]);
        Assert.Equal(DayCanvas.StepsPerMinute - 2, canvas.Watts(0).Count(100f));
        canvas.Turn(atHome: true, [0]);
        Assert.Equal(0, canvas.Watts(0).Count(100f));
    }

    /// <summary>Median over houses of the highest truth within five days.</summary>
    private static float[] Peaks(Region region)
    {
        var houses = Enumerable.Range(0, 15).Select(seed =>
        {
            var household = new Household(seed, region);
            var days = Enumerable.Range(0, 5).Select(_ => household.NextDay()).ToList();
            return Appliances.Labels.Select((_, label) => days.Max(day => day.Watts[label].Max())).ToArray();
        }).ToList();
        return [.. Appliances.Labels.Select((_, label) => houses.Select(peaks => peaks[label]).Order().ElementAt(houses.Count / 2))];
    }
}
