using App.Energy.Disaggregation;
using App.Training;
using App.Training.Households;

namespace App.Tests.Training;

/// <summary>What is easily taken for an appliance: the simulator makes it, and training sees it.</summary>
public sealed class LookalikeTests
{
    [Fact]
    public void Most_British_dryers_rest_for_moments_when_their_drum_turns_round_and_hardly_any_American_one()
    {
        Assert.InRange(Reversing(Region.British), 20, 38);
        Assert.InRange(Reversing(Region.American), 0, 12);
    }

    [Fact]
    public void A_dishwasher_draws_less_as_the_water_grows_warm_save_where_two_programmes_overlap()
    {
        var heatings = Enumerable.Range(0, 30).SelectMany(seed => Heatings(new Dishwasher(0, Region.British, new Random(seed))))
            .Where(heating => heating.Count >= 4 * DayCanvas.StepsPerMinute).ToList();
        Assert.True(heatings.Count > 30, $"{heatings.Count} heatings");
        Assert.InRange(heatings.Count(heating => LastMinute(heating) < 1.01 * FirstMinute(heating)), 0.95 * heatings.Count, heatings.Count);
        Assert.Contains(heatings, heating => LastMinute(heating) < 0.95 * FirstMinute(heating));
    }

    [Fact]
    public void A_share_of_the_windows_is_drawn_around_strong_loads_that_are_no_appliance()
    {
        var mains = new float[10_000];
        Array.Fill(mains, 150);
        mains.AsSpan(5_000, 20).Fill(2_150);
        var dishwasher = new float[mains.Length];
        Assert.InRange(WindowsAt2000Watts(mains, dishwasher), 500, 800);
        Assert.InRange(WindowsAt2000Watts(mains, null), 500, 800);
        dishwasher.AsSpan(5_000, 20).Fill(2_000);
        Assert.InRange(WindowsAt2000Watts(mains, dishwasher), 1_300, 1_800);
    }

    /// <summary>How many of forty dryers rest at least three times between heating and heating.</summary>
    private static int Reversing(Region region) => Enumerable.Range(0, 40).Count(seed =>
    {
        var day = new DayCanvas(1);
        day.Turn(atHome: true, [0]);
        new Dryer(region, new Random(seed)).Dry(day, 0);
        var heating = day.Mains.ToArray().AsSpan().TrimEnd(0f).ToArray();
        var rests = 0;
        for (var step = 1; step < heating.Length; step++)
        {
            if (heating[step] < 25 && heating[step - 1] >= 100) rests++;
        }
        return rests >= 3;
    });

    private static float FirstMinute(List<float> heating) => heating[..DayCanvas.StepsPerMinute].Average();

    private static float LastMinute(List<float> heating) => heating[^DayCanvas.StepsPerMinute..].Average();

    /// <summary>Stretches of more than 1 kW in a week.</summary>
    private static IEnumerable<List<float>> Heatings(Dishwasher dishwasher)
    {
        var day = new DayCanvas(1);
        for (var left = 7; left > 0; left--)
        {
            day.Turn(atHome: true, [0]);
            dishwasher.Live(day);
            var heating = new List<float>();
            foreach (var watts in day.Watts(0).ToArray())
            {
                if (watts > 1_000)
                {
                    heating.Add(watts);
                    continue;
                }
                if (heating.Count > 0) yield return heating;
                heating = [];
            }
        }
    }

    /// <summary>Of five thousand windows, those whose target lies about 2 kW above the window's minimum.</summary>
    private static int WindowsAt2000Watts(float[] mains, float[]? dishwasher)
    {
        var truth = new float[]?[Appliances.Labels.Count];
        truth[Appliances.Dishwasher] = dishwasher;
        var sampler = new WindowSampler([new House("test", new long[mains.Length], mains, truth)]);
        var random = new Random(1);
        var input = new float[DisaggregationNetwork.InputSize];
        var watts = new float[Appliances.Labels.Count];
        return Enumerable.Range(0, 5_000).Count(_ =>
        {
            sampler.Draw(input, watts, random);
            return input[(DisaggregationNetwork.TargetOffset - 1) * DisaggregationNetwork.InputChannels] > 0.85f;
        });
    }
}
