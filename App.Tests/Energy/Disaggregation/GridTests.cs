using App.Energy.Disaggregation;
using CsCheck;

namespace App.Tests.Energy.Disaggregation;

public sealed class GridTests
{
    private const long Noon = 1_704_110_400_000;

    [Fact]
    public void A_minute_is_the_mean_weighted_by_time()
    {
        var cells = Cells((0, 100), (15, 200), (60, 0));
        Assert.Equal((0, 175f), cells[0]);
    }

    [Fact]
    public void A_minute_is_closed_by_a_reading_at_its_end_and_not_before()
    {
        var grid = new Grid();
        var closed = new List<Cell>();
        grid.Add(Noon, 100, closed);
        grid.Add(Noon + 59_999, 100, closed);
        Assert.Empty(closed);
        grid.Add(Noon + 60_000, 100, closed);
        Assert.Equal([new Cell(Noon, 100)], closed);
    }

    [Fact]
    public void Three_missing_samples_are_held_through()
    {
        Assert.Equal([(0, 100f), (1, 100f), (2, 100f), (3, 100f), (4, 50f), (5, float.NaN)], Cells((0, 100), (240, 50)));
    }

    [Fact]
    public void Before_a_longer_gap_a_reading_holds_one_minute_and_then_the_grid_breaks()
    {
        Assert.Equal([(0, 100f), (1, float.NaN), (5, 50f), (6, float.NaN)], Cells((0, 100), (300, 50)));
    }

    [Fact]
    public void A_minute_covered_for_less_than_thirty_seconds_does_not_exist()
    {
        Assert.Equal([(1, 100f), (2, float.NaN)], Cells((31, 100), (60, 100)));
        Assert.Equal([(0, 100f), (1, 100f), (2, float.NaN)], Cells((30, 100), (60, 100)));
        Assert.Equal([(0, 100f), (1, 100f), (2, float.NaN)], Cells((30, 100)));
    }

    [Fact]
    public void Negative_power_is_kept()
    {
        Assert.Equal((0, -50f), Cells((0, -200), (30, 100), (60, 0))[0]);
    }

    [Fact]
    public void The_same_time_again_replaces_the_watts()
    {
        Assert.Equal((0, 70f), Cells((0, 100), (0, 70), (60, 0))[0]);
    }

    [Fact]
    public void An_older_reading_is_refused()
    {
        var grid = new Grid();
        grid.Add(Noon, 1, []);
        Assert.Throws<ArgumentOutOfRangeException>(() => grid.Add(Noon - 1, 1, []));
    }

    [Fact]
    public void A_long_hold_after_a_break_starts_with_the_first_covered_minute()
    {
        Assert.Equal([(0, 1f), (1, float.NaN), (10, 2f), (11, 2f), (12, float.NaN)], Cells((0, 1), (620, 2), (660, 2)));
    }

    [Fact]
    public void A_rebuild_from_the_longest_hold_before_a_minute_gives_the_same_cells() => AnyReadings.Sample(RebuildsAlike, iter: 60);

    private static void RebuildsAlike(List<(long Ts, float Watts)> readings)
    {
        var whole = Run(readings).ToDictionary(cell => cell.Start);
        foreach (var from in readings.Where((_, i) => i % 97 == 5).Select(reading => Grid.StartOf(reading.Ts) + Grid.CellMs))
        {
            var part = Run([.. readings.Where(reading => reading.Ts >= from - Grid.LongestHoldMs)])
                .Where(cell => cell.Start >= from && !cell.IsBreak);
            foreach (var cell in part) Assert.Equal(whole[cell.Start], cell);
            Assert.Equal(whole.Values.Count(cell => cell.Start >= from && !cell.IsBreak), part.Count());
        }
    }

    [Fact]
    public void Cells_agree_with_their_definition_second_by_second() => AnyReadings.Sample(AgreesWithItsDefinition, iter: 60);

    private static void AgreesWithItsDefinition(List<(long Ts, float Watts)> readings)
    {
        var power = new SortedDictionary<long, double>();
        for (var i = 0; i < readings.Count; i++)
        {
            var next = i + 1 < readings.Count ? readings[i + 1].Ts : long.MaxValue;
            var end = next - readings[i].Ts <= 240_000 ? next : readings[i].Ts + 60_000;
            for (var ts = readings[i].Ts; ts < end; ts += 1000) power[ts] = readings[i].Watts;
        }
        var expected = power.GroupBy(p => Grid.StartOf(p.Key))
            .Where(g => g.Count() >= 30).ToDictionary(g => g.Key, g => g.Average(p => p.Value));
        var found = Run(readings).Where(cell => !cell.IsBreak).ToDictionary(cell => cell.Start, cell => cell.Watts);
        Assert.Equal(expected.Keys.Order(), found.Keys.Order());
        Assert.All(found, cell => Assert.Equal(expected[cell.Key], cell.Value, 0.01));
    }

    private static List<(int Minute, float Watts)> Cells(params (int Second, float Watts)[] readings) =>
        [.. Run([.. readings.Select(r => (Noon + (r.Second * 1000L), r.Watts))])
            .Select(c => ((int)((c.Start - Noon) / Grid.CellMs), c.Watts))];

    private static List<Cell> Run(List<(long Ts, float Watts)> readings)
    {
        var grid = new Grid();
        var cells = new List<Cell>();
        foreach (var (ts, watts) in readings) grid.Add(ts, watts, cells);
        grid.Complete(cells);
        return cells;
    }

    // A reading every minute or so, now and then a gap.
    private static Gen<List<(long Ts, float Watts)>> AnyReadings { get; } = Gen
        .Select(Gen.Frequency((39, Gen.Int[1, 44]), (1, Gen.Int[200, 899])), Gen.Int[-500, 3999])
        .List[1, 400]
        .Select(steps =>
        {
            var ts = Noon;
            return steps.ConvertAll(step => (ts += 1000L * step.Item1, (float)step.Item2));
        });
}
