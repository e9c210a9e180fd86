using App.Energy.Disaggregation;
using App.Training;
using App.Training.Households;

namespace App.Tests.Training;

/// <summary>The meters through which training sees simulated houses.</summary>
public sealed class MeterTests
{
    private const int DayMinutes = 24 * 60;

    [Fact]
    public void Every_meter_gives_each_minute_of_its_days_and_the_same_for_the_same_seed()
    {
        var mains = new Household(3).NextDay().Mains;
        for (var seed = 0; seed < 40; seed++)
        {
            var cells = Read(seed, mains, mains);
            Assert.Equal(Enumerable.Range(0, 2 * DayMinutes).Select(minute => minute * Grid.CellMs), cells.Select(cell => cell.Start));
            Assert.Equal(cells, Read(seed, mains, mains));
        }
    }

    [Fact]
    public void Some_tell_only_the_means_of_minutes_and_more_tell_the_levels_of_a_kettle_that_boils_for_half_of_one()
    {
        var mains = new float[DayCanvas.StepsPerDay];
        Array.Fill(mains, 100);
        var boil = 600 * DayCanvas.StepsPerMinute;
        mains.AsSpan(boil + (DayCanvas.StepsPerMinute / 4), DayCanvas.StepsPerMinute / 2).Fill(3_100);
        var minutes = Enumerable.Range(0, 200).Select(seed => Read(seed, mains)[600]).ToList();
        Assert.InRange(minutes.Count(cell => cell.Low == cell.High), 80, 130);
        Assert.InRange(minutes.Count(cell => cell.High is > 2_900 and < 3_300 && cell.Low is > 80 and < 120), 60, 120);
        Assert.InRange(minutes.Average(cell => cell.Watts), 1_500, 1_700);
    }

    [Fact]
    public void Of_a_share_of_the_windows_training_sees_the_means_alone()
    {
        var (mains, low, high) = (new float[1_000], new float[1_000], new float[1_000]);
        Array.Fill(mains, 500);
        Array.Fill(low, 100);
        Array.Fill(high, 1_500);
        var sampler =
            new WindowSampler(
                [new House("test", new long[1_000], mains, new float[]?[Appliances.Labels.Count]) { Low = low, High = high }]);
        var random = new Random(2);
        var input = new float[DisaggregationNetwork.InputSize];
        var flat = Enumerable.Range(0, 1_000).Count(_ =>
        {
            sampler.Draw(input, new float[Appliances.Labels.Count], random);
            var spread = input[((DisaggregationNetwork.TargetOffset - 1) * DisaggregationNetwork.InputChannels) + 6];
            Assert.True(spread == 0 || Math.Abs(spread - 0.7f) < 1e-3, $"{spread}");
            return spread == 0;
        });
        Assert.InRange(flat, 250, 350);
    }

    private static List<Cell> Read(int seed, params IEnumerable<float[]> days)
    {
        var meter = new Meter(new Random(seed));
        var cells = new List<Cell>();
        foreach (var day in days) meter.Read(day, cells);
        meter.End(cells);
        return cells;
    }
}
