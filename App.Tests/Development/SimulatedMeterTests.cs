using App.Development;

namespace App.Tests.Development;

public sealed class SimulatedMeterTests
{
    private static readonly DateTimeOffset Start = new(2025, 12, 31, 22, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_meter_reads_the_same_whenever_it_was_started()
    {
        var early = new SimulatedMeter(3);
        for (var at = Start; at < Start.AddDays(3); at += SimulatedMeter.Period) early.WattsAt(at);
        var late = new SimulatedMeter(3);
        for (var at = Start.AddDays(2); at < Start.AddDays(3); at += SimulatedMeter.Period)
            Assert.Equal(early.WattsAt(at), late.WattsAt(at));
    }

    [Fact]
    public void Another_seed_is_another_household() =>
        Assert.NotEqual(Day(new SimulatedMeter(3)), Day(new SimulatedMeter(4)));

    [Fact]
    public void Between_two_steps_the_first_counts() =>
        Assert.Equal(new SimulatedMeter(3).WattsAt(Start), new SimulatedMeter(3).WattsAt(Start.AddSeconds(9.9)));

    private static double[] Day(SimulatedMeter meter) =>
        [.. Enumerable.Range(0, 8640).Select(i => meter.WattsAt(Start + (i * SimulatedMeter.Period)))];
}
