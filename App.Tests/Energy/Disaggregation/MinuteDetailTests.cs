using App.Energy.Disaggregation;

namespace App.Tests.Energy.Disaggregation;

/// <summary>What the grid tells of the levels within a minute.</summary>
public sealed class MinuteDetailTests
{
    private const long Noon = 1_704_110_400_000;

    [Fact]
    public void A_meter_of_every_few_seconds_tells_the_levels_of_a_minute()
    {
        // Half a minute of 1.5 kW over 100 W.
        var cell = Cells(Every(4_000, ms => ms is >= 20_000 and < 52_000 ? 1_600 : 100))[0];
        Assert.Equal((900, 100, 1_600), (cell.Watts, cell.Low, cell.High));
    }

    [Theory]
    [InlineData(60_000)]
    [InlineData(30_000)]
    [InlineData(45_000)]
    public void Readings_of_half_a_minute_and_more_tell_only_the_mean(int period)
    {
        Assert.All(Cells(Every(period, ms => ms / period * 100)), cell => Assert.Equal((cell.Watts, cell.Watts), (cell.Low, cell.High)));
    }

    [Fact]
    public void A_minute_that_one_long_hold_reaches_into_is_told_by_its_mean_and_the_next_by_its_levels_again()
    {
        var cells = Cells([.. Every(10_000, ms => ms / 10_000 % 2 * 500).Where(reading => reading.Ts - Noon is < 70_000 or >= 110_000)]);
        Assert.Equal((0, 500), (cells[0].Low, cells[0].High));
        Assert.Equal((cells[1].Watts, cells[1].Watts), (cells[1].Low, cells[1].High));
        Assert.Equal((0, 500), (cells[2].Low, cells[2].High));
    }

    [Fact]
    public void What_is_shorter_than_five_seconds_is_no_level()
    {
        var inrush = Cells(Every(1_000, ms => ms is >= 7_000 and < 9_000 ? 5_000 : 100))[0];
        Assert.Equal((100, inrush.Watts), (inrush.Low, inrush.High));
        Assert.Equal(5_000, Cells(Every(1_000, ms => ms % 12_000 == 0 ? 5_000 : 100))[0].High);
    }

    [Fact]
    public void Lows_never_lie_above_the_mean_nor_highs_below()
    {
        var random = new Random(5);
        var cells = Cells(Every(1_000, _ => random.Next(60) == 0 ? random.Next(-90_000, 90_000) : 100, minutes: 300));
        Assert.All(cells, cell => Assert.True(cell.Low <= cell.Watts && cell.Watts <= cell.High));
        Assert.Contains(cells, cell => cell.Watts > 1_000);
    }

    [Theory]
    [InlineData(1, 1_100)]
    [InlineData(2, 2_500)]
    [InlineData(3, 12_000)]
    public void Levels_agree_with_their_definition_millisecond_by_millisecond(int seed, int mostMs)
    {
        var random = new Random(seed);
        var readings = new List<(long Ts, float Watts)>();
        for (var ts = Noon; ts < Noon + (40 * Grid.CellMs); ts += random.Next(1_000, mostMs)) readings.Add((ts, random.Next(-500, 4_000)));
        readings.Add((Noon + (40 * Grid.CellMs), 0));
        foreach (var cell in Cells(readings).SkipLast(1))
        {
            var covered =
                readings.Zip(readings.Skip(1),
                    (a, b) => (a.Watts, Ms: Math.Min(b.Ts, cell.Start + Grid.CellMs) - Math.Max(a.Ts, cell.Start)))
                .Where(part => part.Ms > 0).ToList();
            Assert.Equal(Math.Max(cell.Watts, Held(covered.OrderByDescending(part => part.Watts))), cell.High);
            Assert.Equal(Math.Min(cell.Watts, Held(covered.OrderBy(part => part.Watts))), cell.Low);
        }
    }

    [Fact]
    public void Of_readings_finer_than_a_second_levels_are_told_in_bounded_state()
    {
        var cell = Cells(Every(50, ms => ms is >= 10_000 and < 22_000 ? 2_000 + (ms / 50 % 7) : 100))[0];
        Assert.InRange(cell.High, 2_000, 2_006);
        Assert.Equal(100, cell.Low);
    }

    [Fact]
    public void A_minute_does_not_remember_the_one_before_nor_what_a_break_cut_off()
    {
        var cells =
            Cells([.. Every(5_000, ms => ms < 60_000 ? 3_000 : 100, minutes: 2),
                .. Every(5_000, _ => 200, minutes: 2, from: Noon + 3_600_000)]);
        Assert.Equal((100, 100), (cells[1].Low, cells[1].High));
        var later = cells.Where(cell => cell.Start >= Noon + 3_600_000).ToList();
        Assert.Equal(2, later.Count);
        Assert.All(later, cell => Assert.Equal((200, 200), (cell.Low, cell.High)));
    }

    private static float Held(IEnumerable<(float Watts, long Ms)> parts)
    {
        var total = 0L;
        return parts.First(part => (total += part.Ms) >= MinuteDetail.HeldMs).Watts;
    }

    private static List<(long Ts, float Watts)> Every(int period, Func<int, float> watts, int minutes = 3, long from = Noon) =>
        [.. Enumerable.Range(0, minutes * 60_000 / period).Select(i => (from + ((long)i * period), watts(i * period)))];

    private static List<Cell> Cells(List<(long Ts, float Watts)> readings)
    {
        var grid = new Grid();
        var cells = new List<Cell>();
        foreach (var (ts, watts) in readings) grid.Add(ts, watts, cells);
        // The minutes that readings close; the last reading would hold on.
        grid.Add(Grid.StartOf(readings[^1].Ts) + Grid.CellMs, 0, cells);
        return [.. cells.Where(cell => !cell.IsBreak)];
    }
}
