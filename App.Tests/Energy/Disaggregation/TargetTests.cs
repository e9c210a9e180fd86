using App.Energy.Disaggregation;

namespace App.Tests.Energy.Disaggregation;

public sealed class TargetTests
{
    private const int LookAhead = 65;

    [Fact]
    public void The_first_fifteen_minutes_of_a_segment_yield_nothing()
    {
        var cells = Segment(200);
        Assert.Equal(TargetState.None, Target.StateOf(cells, 14, LookAhead));
        Assert.Equal(TargetState.Final, Target.StateOf(cells, 15, LookAhead));
        float[] broken = [.. Segment(50), float.NaN, .. Segment(150)];
        Assert.Equal(TargetState.None, Target.StateOf(broken, 50 + 15, LookAhead));
        Assert.Equal(TargetState.Final, Target.StateOf(broken, 50 + 16, LookAhead));
    }

    [Fact]
    public void A_minute_is_provisional_from_ten_minutes_of_look_ahead_on_and_final_with_all_of_it()
    {
        var states = Enumerable.Range(0, 70).Select(ahead => Target.StateOf(Segment(21 + ahead), 20, LookAhead)).ToList();
        Assert.All(states[..10], state => Assert.Equal(TargetState.None, state));
        Assert.All(states[10..65], state => Assert.Equal(TargetState.Provisional, state));
        Assert.All(states[65..], state => Assert.Equal(TargetState.Final, state));
    }

    [Fact]
    public void A_segment_that_has_ended_is_final_up_to_its_last_minute()
    {
        float[] cells = [.. Segment(40), float.NaN];
        Assert.Equal(TargetState.Final, Target.StateOf(cells, 39, LookAhead));
        Assert.Equal(TargetState.Final, Target.StateOf(cells, 20, LookAhead));
        Assert.Equal(TargetState.None, Target.StateOf(cells, 40, LookAhead));
    }

    private static float[] Segment(int minutes) => [.. Enumerable.Range(0, minutes).Select(i => (float)i)];
}
