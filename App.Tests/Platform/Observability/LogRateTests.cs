using App.Platform.Observability;
using App.Tests.Fixtures;

namespace App.Tests.Platform.Observability;

/// <summary>What happens thousands of times a second is logged a few times, and counted.</summary>
public sealed class LogRateTests
{
    [Fact]
    public void What_is_held_back_is_told_once_when_the_second_is_over()
    {
        var time = new FiredTime();
        var log = new ListLogger();
        using var rate = new LogRate(log, "jobs completed", time);
        Assert.Equal(LogRate.Most, Enumerable.Range(0, 79_000).Count(_ => rate.Allows()));
        Assert.Empty(log.Lines);
        time.Fire();
        Assert.Equal("And 78990 more jobs completed in the last second", Assert.Single(log.Lines));

        Assert.Equal(3, Enumerable.Range(0, 3).Count(_ => rate.Allows()));
        time.Fire();
        Assert.Single(log.Lines);
    }
}
