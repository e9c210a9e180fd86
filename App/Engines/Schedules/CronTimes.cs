using System.Globalization;
using Quartz;

namespace App.Engines.Schedules;

/// <summary>
/// The planned instants of a cron expression in a time zone. The expression is asked for readings of a clock on the wall
/// only; which instants show them is told here, because clocks are put forward and back:
/// <list type="bullet">
/// <item>a reading that the clocks skip fires at the first instant after the gap, unless the schedule runs hour after
/// hour: then the hour that is not there has no fires, and those after it keep their distance;</item>
/// <item>a reading that comes twice fires at its first, unless the schedule runs hour after hour: then both hours are run.</item>
/// </list>
/// A schedule runs hour after hour where its hours are written as all (<c>*</c>) or as a range without steps.
/// </summary>
internal sealed class CronTimes
{
    private static readonly long Look = (long)TimeSpan.FromHours(12).TotalSeconds;

    // Over UTC, whose clock skips and repeats nothing: its instants stand for readings.
    private readonly CronExpression readings;
    private readonly TimeZoneInfo zone;
    private readonly bool[] runsThrough;

    private CronTimes(CronExpression readings, TimeZoneInfo zone)
    {
        this.readings = readings;
        this.zone = zone;
        runsThrough = HoursRunThrough(readings.CronExpressionString.Split(' ', StringSplitOptions.RemoveEmptyEntries)[2]);
    }

    /// <summary>Reads an expression.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static CronTimes Parse(string cron, TimeZoneInfo zone)
    {
        var fields = cron.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length;
        var expression = CronExpression.Parse(cron, fields == 5 ? CronFormat.Unix : CronFormat.Quartz).WithTimeZone(TimeZoneInfo.Utc);
        return new CronTimes(expression, zone);
    }

    /// <summary>The first planned instant after the given one, both UTC; null: there is none.</summary>
    public DateTime? Next(DateTime after)
    {
        var offset = zone.GetUtcOffset(after);
        var read = after + offset;
        while (Reading(read) is { } reading)
        {
            var instant = reading - offset;
            if (FirstChange(after, instant) is not { } change)
            {
                if (!IsRepeated(reading, instant, offset) || runsThrough[reading.Hour]) return instant;
                (after, read) = (instant, reading);
                continue;
            }
            var before = offset;
            offset = zone.GetUtcOffset(change);
            if (SkipsFixed(change + before, change + offset)) return change;
            // The first reading after the change counts as well.
            (after, read) = (change, change + offset - TimeSpan.FromTicks(1));
        }
        return null;
    }

    /// <summary>The last planned instant within (after, upTo], both UTC; null: there is none.</summary>
    public DateTime? Last(DateTime after, DateTime upTo)
    {
        // Looks back ever farther, so that years of missed seconds are not walked through one by one.
        for (var back = TimeSpan.FromMinutes(1); ; back *= 8)
        {
            var from = upTo - after <= back ? after : upTo - back;
            DateTime? last = null;
            for (var next = Next(from); next <= upTo; next = Next(next.Value)) last = next;
            if (last is not null || from == after) return last;
        }
    }

    private DateTime? Reading(DateTime after) =>
        readings.GetNextValidTimeAfter(new DateTimeOffset(DateTime.SpecifyKind(after, DateTimeKind.Unspecified),
            TimeSpan.Zero))?.UtcDateTime;

    // Whether a skipped stretch of the clock, empty when the clocks were put back, holds a reading that must not be lost.
    private bool SkipsFixed(DateTime from, DateTime to)
    {
        for (var reading = Reading(from - TimeSpan.FromTicks(1)); reading < to; reading = Reading(reading.Value))
            if (!runsThrough[reading.Value.Hour]) return true;
        return false;
    }

    // Whether the clock has shown the reading before, less than a day ago.
    private bool IsRepeated(DateTime reading, DateTime instant, TimeSpan offset)
    {
        var from = instant - TimeSpan.FromDays(1);
        while (FirstChange(from, instant) is { } change)
        {
            var earlier = zone.GetUtcOffset(change - TimeSpan.FromSeconds(1));
            if (earlier > offset && reading < change + earlier) return true;
            from = change;
        }
        return false;
    }

    // The first instant within (from, to] at which the offset is another than before, to the second.
    private DateTime? FirstChange(DateTime from, DateTime to)
    {
        var end = Seconds(to);
        for (var start = Seconds(from); start < end; start += Look)
        {
            var (low, high) = (start, Math.Min(start + Look, end));
            if (OffsetAt(low) == OffsetAt(high)) continue;
            while (high - low > 1)
            {
                var middle = (low + high) / 2;
                if (OffsetAt(middle) == OffsetAt(start)) low = middle;
                else high = middle;
            }
            return At(high);
        }
        return null;
    }

    private TimeSpan OffsetAt(long seconds) => zone.GetUtcOffset(At(seconds));

    private static DateTime At(long seconds) => new(seconds * TimeSpan.TicksPerSecond, DateTimeKind.Utc);

    private static long Seconds(DateTime at) => at.Ticks / TimeSpan.TicksPerSecond;

    // The field of hours, which has been found good: parts like *, 7, 8-18, 22-3, */2, 0/1.
    private static bool[] HoursRunThrough(string field)
    {
        var hours = new bool[24];
        foreach (var part in field.Split(','))
        {
            var (span, step) = part.Split('/') is [var s, var by] ? (s, by) : (part, "1");
            if (step != "1" || (!part.Contains('/') && !span.Contains('-') && span is not ("*" or "?"))) continue;
            var ends = span is "*" or "?"
                ? [0, 23] : span.Split('-').Select(text => int.Parse(text, CultureInfo.InvariantCulture)).ToArray();
            var last = ends.Length == 2 ? ends[1] : 23;
            for (var hour = ends[0]; ; hour = (hour + 1) % 24)
            {
                hours[hour] = true;
                if (hour == last) break;
            }
        }
        return hours;
    }
}
