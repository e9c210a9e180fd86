using App.Energy.Disaggregation;
using App.Training;

namespace App.Tests.Training;

public sealed class GatesTests
{
    private const float Watts = 1000;

    [Fact]
    public void A_house_that_uses_it_rarely_counts_as_much_as_one_that_uses_it_all_day()
    {
        var (low, high) = (Gates.Candidates[3], Gates.Candidates[20]);
        var often = House(low, runs: 500);
        var rare = House(high, runs: 5);
        Assert.Equal(high, Gates.Best([often, rare, rare]));
        Assert.Equal(low, Gates.Best([often, often, rare]));
    }

    [Fact]
    public void An_appliance_that_nobody_used_has_a_gate_in_the_middle()
    {
        Assert.Equal(0.5f, Gates.Best([Unused(falseAlarms: 3)]));
        Assert.Equal(0.5f, Gates.Best([]));
        Assert.Equal(Gates.Candidates[9], Gates.Best([House(Gates.Candidates[9], runs: 2), Unused(falseAlarms: 100)]));
    }

    [Fact]
    public void Houses_in_which_no_gate_finds_it_have_no_say_unless_there_are_no_others()
    {
        var (low, high) = (Gates.Candidates[3], Gates.Candidates[20]);
        Assert.Equal(high, Gates.Best([House(high, runs: 5), Lost(low), Lost(low)]));
        Assert.Equal(low, Gates.Best([Lost(low)]));
    }

    /// <summary>Scores of a house in which one gate finds a tenth of the minutes and the others none.</summary>
    private static Score[] Lost(float best) => [.. Gates.Candidates.Select(gate =>
    {
        var score = default(Score);
        for (var minute = 0; minute < 10; minute++) score.Add(gate == best && minute == 0 ? Watts : 0, Watts, 200);
        return score;
    })];

    /// <summary>Scores of a house in which one gate finds every minute and the others half of them.</summary>
    private static Score[] House(float best, int runs) => [.. Gates.Candidates.Select(gate =>
    {
        var score = default(Score);
        for (var run = 0; run < runs; run++)
        {
            score.Add(Watts, Watts, 200);
            score.Add(gate == best ? Watts : 0, Watts, 200);
        }
        return score;
    })];

    private static Score[] Unused(int falseAlarms) => [.. Gates.Candidates.Select(_ =>
    {
        var score = default(Score);
        for (var alarm = 0; alarm < falseAlarms; alarm++) score.Add(Watts, 0, 200);
        return score;
    })];
}
