using System.Globalization;
using App.Engines.Schedules;

namespace App.Tests.Engines.Schedules;

/// <summary>Planned instants, above all on the days when clocks are put forward and back.</summary>
public sealed class CronTimesTests
{
    private const string Berlin = "Europe/Berlin", NewYork = "America/New_York", Santiago = "America/Santiago";

    private static readonly DateTime From = Utc("2024-01-01T00:00");
    private static readonly DateTime To = Utc("2031-01-01T00:00");

    [Theory]
    // Forward: a reading that is skipped fires at the first instant after the gap.
    [InlineData("30 2 * * *", Berlin, "2026-03-28T12:00", "2026-03-29T01:00 2026-03-30T00:30")]
    [InlineData("30 2 * * *", NewYork, "2026-03-07T12:00", "2026-03-08T07:00 2026-03-09T06:30")]
    [InlineData("30 0 * * *", Santiago, "2026-09-05T12:00", "2026-09-06T04:00 2026-09-07T03:30")]
    [InlineData("30 2 * * *", Santiago, "2026-09-05T12:00", "2026-09-06T05:30 2026-09-07T05:30")]
    // Back: a reading that comes twice fires at its first.
    [InlineData("30 2 * * *", Berlin, "2026-10-24T12:00", "2026-10-25T00:30 2026-10-26T01:30")]
    [InlineData("30 1 * * *", NewYork, "2026-10-31T12:00", "2026-11-01T05:30 2026-11-02T06:30")]
    [InlineData("30 23 * * *", Santiago, "2026-04-04T12:00", "2026-04-05T02:30 2026-04-06T03:30")]
    [InlineData("30 2 * * *", Santiago, "2026-04-04T12:00", "2026-04-05T06:30 2026-04-06T06:30")]
    // Both at the very ends of gap and repetition.
    [InlineData("0 2 * * *", Berlin, "2026-03-28T12:00", "2026-03-29T01:00 2026-03-30T00:00")]
    [InlineData("0 3 * * *", Berlin, "2026-03-28T12:00", "2026-03-29T01:00 2026-03-30T01:00")]
    [InlineData("0 2,3 * * *", Berlin, "2026-03-28T12:00", "2026-03-29T01:00 2026-03-30T00:00 2026-03-30T01:00")]
    [InlineData("0 3 * * *", Berlin, "2026-10-24T12:00", "2026-10-25T02:00 2026-10-26T02:00")]
    // Hour after hour: the hour that is not there has no fires, the one that comes twice has its fires twice.
    [InlineData("5/15 * * * *", Berlin, "2026-03-29T00:30", "2026-03-29T00:35 2026-03-29T00:50 2026-03-29T01:05 2026-03-29T01:20")]
    [InlineData("30 * * * *", Berlin, "2026-03-29T00:00", "2026-03-29T00:30 2026-03-29T01:30")]
    [InlineData("30 * * * *", Berlin, "2026-10-25T00:00", "2026-10-25T00:30 2026-10-25T01:30 2026-10-25T02:30")]
    [InlineData("0 0-6 * * *", Berlin, "2026-10-24T23:30", "2026-10-25T00:00 2026-10-25T01:00 2026-10-25T02:00")]
    [InlineData("0 22-3 * * *", Berlin, "2026-10-24T23:30", "2026-10-25T00:00 2026-10-25T01:00 2026-10-25T02:00 2026-10-25T21:00")]
    // Some hours of the day: each once.
    [InlineData("0 */2 * * *", Berlin, "2026-10-24T23:30", "2026-10-25T00:00 2026-10-25T03:00")]
    [InlineData("30 */2 * * *", Berlin, "2026-03-28T23:00", "2026-03-28T23:30 2026-03-29T01:00 2026-03-29T02:30")]
    [InlineData("*/20 2 * * *", Berlin, "2026-03-28T12:00", "2026-03-29T01:00 2026-03-30T00:00 2026-03-30T00:20")]
    [InlineData("*/20 2 * * *", Berlin, "2026-10-25T00:00", "2026-10-25T00:20 2026-10-25T00:40 2026-10-26T01:00")]
    // Half an hour, and a day that was not there at all.
    [InlineData("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00", "2026-10-03T15:30 2026-10-04T15:15")]
    [InlineData("45 1 * * *", "Australia/Lord_Howe", "2026-04-04T00:00", "2026-04-04T14:45 2026-04-05T15:15")]
    [InlineData("0 12 * * *", "Pacific/Apia", "2011-12-29T12:00", "2011-12-29T22:00 2011-12-30T10:00 2011-12-30T22:00")]
    // Six and seven fields, names, the last of a month, a year that ends it.
    [InlineData("0 30 2 * * ?", Berlin, "2026-03-28T12:00", "2026-03-29T01:00")]
    [InlineData("*/20 * * * * *", "UTC", "2026-01-01T00:00", "2026-01-01T00:00:20 2026-01-01T00:00:40 2026-01-01T00:01")]
    [InlineData("0 9 * * 1-5", Berlin, "2026-10-23T12:00", "2026-10-26T08:00 2026-10-27T08:00")]
    [InlineData("0 0 9 ? * MON-FRI", Berlin, "2026-10-23T12:00", "2026-10-26T08:00")]
    [InlineData("0 0 0 L * ?", "UTC", "2026-02-01T00:00", "2026-02-28T00:00 2026-03-31T00:00")]
    [InlineData("0 0 0 29 2 ?", "UTC", "2026-01-01T00:00", "2028-02-29T00:00")]
    [InlineData("0 0 0 1 1 ? 2027", "UTC", "2026-01-01T00:00", "2027-01-01T00:00 never")]
    [InlineData("@daily", Berlin, "2026-03-28T12:00", "2026-03-28T23:00 2026-03-29T22:00")]
    public void Planned_instants_follow_the_clock_of_the_zone(string cron, string zone, string after, string expected)
    {
        var times = Of(cron, zone);
        DateTime? at = Utc(after);
        var planned = expected.Split(' ').Select(_ => at = at is { } last ? times.Next(last) : null);
        Assert.Equal(expected.Split(' ').Select(text => text == "never" ? (DateTime?)null : Utc(text)), planned);
    }

    [Theory]
    [InlineData(Berlin)]
    [InlineData(NewYork)]
    [InlineData(Santiago)]
    [InlineData("Australia/Lord_Howe")]
    // Zones whose winter is the exception, which Quartz' own search runs in circles over.
    [InlineData("Europe/Dublin")]
    [InlineData("Africa/Casablanca")]
    public void Every_fifteen_minutes_has_neither_gap_nor_double_in_seven_years(string zone)
    {
        foreach (var (cron, first) in new[] { ("*/15 * * * *", 0), ("5/15 * * * *", 5) })
        {
            var at = From.AddMinutes(first);
            foreach (var planned in All(cron, zone, at.AddSeconds(-1)))
            {
                Assert.Equal(at, planned);
                at = at.AddMinutes(15);
            }
            Assert.Equal(To.AddMinutes(first), at);
        }
    }

    [Theory]
    [InlineData(Berlin, "02:30", 7)]
    [InlineData(NewYork, "02:30", 7)]
    [InlineData(Santiago, "02:30", 0)]
    [InlineData(Berlin, "02:00", 7)]
    [InlineData(NewYork, "01:30", 0)]
    [InlineData(Santiago, "00:10", 7)]
    [InlineData(Santiago, "23:30", 0)]
    [InlineData(Santiago, "00:30", 7)]
    [InlineData("Africa/Casablanca", "02:30", 7)]
    [InlineData("Europe/Dublin", "01:30", 7)]
    public void A_daily_schedule_fires_once_on_every_day_of_seven_years(string zone, string at, int skipped)
    {
        var (info, time) = (TimeZoneInfo.FindSystemTimeZoneById(zone), TimeOnly.Parse(at, CultureInfo.InvariantCulture));
        var instants = All($"{time.Minute} {time.Hour} * * *", zone, From).ToList();
        var readings = instants.ConvertAll(Read);
        Assert.Equal(Enumerable.Range(0, readings.Count).Select(day => readings[0].Date.AddDays(day)),
            readings.Select(reading => reading.Date));
        Assert.InRange(readings.Count, 2556, 2557);
        var late = instants.Where((_, i) => TimeOnly.FromDateTime(readings[i]) != time).ToList();
        Assert.Equal(skipped, late.Count);
        // The first instant after the gap: a second earlier the clock showed less than the reading wanted, and now it shows more.
        Assert.All(late, instant => Assert.InRange(Read(instant).Date + time.ToTimeSpan(), Read(instant.AddSeconds(-1)), Read(instant)));

        DateTime Read(DateTime instant) => TimeZoneInfo.ConvertTimeFromUtc(instant, info);
    }

    [Theory]
    [InlineData(Berlin, "2026-10-24T22:00")]
    [InlineData(NewYork, "2026-11-01T03:00")]
    [InlineData(Santiago, "2026-04-04T23:00")]
    [InlineData(Berlin, "2026-03-28T22:00")]
    [InlineData(Santiago, "2026-09-06T02:00")]
    public void The_plan_is_the_same_wherever_one_begins_to_look(string zone, string day)
    {
        foreach (var cron in new[] { "30 2 * * *", "30 1 * * *", "30 0 * * *", "30 23 * * *", "*/20 2 * * *", "5/15 * * * *", "0 */2 * * *",
            "30 0-6 * * *" })
        {
            var times = Of(cron, zone);
            var plan = All(cron, zone, Utc(day).AddDays(-2)).TakeWhile(instant => instant < Utc(day).AddDays(3)).ToList();
            for (var at = Utc(day); at < Utc(day).AddHours(9); at = at.AddMinutes(7))
            {
                Assert.Equal(plan.First(instant => instant > at), times.Next(at));
                Assert.Equal(plan.FindLast(instant => instant <= at) is var last && last != default ? last : null,
                    times.Last(Utc(day).AddDays(-2), at));
            }
        }
    }

    [Fact]
    public void The_last_of_years_of_seconds_is_found_at_once() =>
        Assert.Equal(Utc("2029-12-31T23:59:59"), Of("* * * * * *", "UTC").Last(From, Utc("2029-12-31T23:59:59").AddMilliseconds(7)));

    [Fact]
    public void Nothing_planned_has_no_last() => Assert.Null(Of("0 0 0 1 1 ? 2027", "UTC").Last(From, Utc("2026-06-01T00:00")));

    private static IEnumerable<DateTime> All(string cron, string zone, DateTime after)
    {
        var times = Of(cron, zone);
        for (var next = times.Next(after); next < To.AddMinutes(after.Minute + 1); next = times.Next(next.Value))
            if (next >= From && next < To.AddMinutes(cron.StartsWith('5') ? 5 : 0)) yield return next.Value;
    }

    private static CronTimes Of(string cron, string zone) => CronTimes.Parse(cron, TimeZoneInfo.FindSystemTimeZoneById(zone));

    private static DateTime Utc(string text) =>
        DateTime.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);
}
