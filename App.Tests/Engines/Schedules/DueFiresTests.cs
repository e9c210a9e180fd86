using App.Engines.Schedules;

namespace App.Tests.Engines.Schedules;

public sealed class DueFiresTests
{
    private static readonly DateTime Noon = new(2031, 3, 1, 12, 0, 0, DateTimeKind.Utc);

    [Theory]
    [InlineData("*/15 * * * *", -15, 0, true, "12:00:00", "12:00:00", false)]
    [InlineData("*/15 * * * *", -14, 0, true, "12:00:00", "12:00:00", false)]
    [InlineData("*/15 * * * *", 0, 60, true, "", "12:00:00", false)]
    // Late within a minute is no miss; every instant fires.
    [InlineData("*/20 * * * * *", 0, 59, true, "12:00:20 12:00:40", "12:00:40", false)]
    // Missed: the last alone, unless it is due just now.
    [InlineData("*/15 * * * *", -60, 120, false, "12:00:00", "12:00:00", true)]
    [InlineData("*/15 * * * *", -60, 120, true, "", "12:00:00", true)]
    [InlineData("*/15 * * * *", -60, 30, false, "12:00:00", "12:00:00", false)]
    [InlineData("*/15 * * * *", -60, 30, true, "12:00:00", "12:00:00", false)]
    [InlineData("* * * * * *", -5_000_000, 0, false, "12:00:00", "12:00:00", false)]
    public void What_is_due_is_fired_and_what_was_missed_goes_by_the_policy(
        string cron, int minutesThrough, int secondsNow, bool skips, string instants, string through, bool missed)
    {
        var due = DueFires.Of(CronTimes.Parse(cron, TimeZoneInfo.Utc), Noon.AddMinutes(minutesThrough), Noon.AddSeconds(secondsNow),
            skips ? MissedPolicy.Skip : MissedPolicy.CatchUpOnce);
        Assert.Equal(instants, string.Join(' ', due.Instants.Select(instant => $"{instant:HH:mm:ss}")));
        Assert.Equal((through, missed), ($"{due.Through:HH:mm:ss}", due.Missed));
        Assert.All(due.Instants, instant => Assert.Equal(Noon.Date, instant.Date));
    }
}
