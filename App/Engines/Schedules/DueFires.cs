namespace App.Engines.Schedules;

/// <summary>Which planned instants are fired now.</summary>
/// <param name="Instants">They, in order.</param>
/// <param name="Through">Up to where the plan is thereby settled: the last instant that was due.</param>
/// <param name="Missed">Whether they are fired because they were missed.</param>
internal sealed record DueFires(IReadOnlyList<DateTime> Instants, DateTime Through, bool Missed)
{
    /// <summary>A fire that comes later than this was missed: nobody was there.</summary>
    public static readonly TimeSpan Late = TimeSpan.FromMinutes(1);

    /// <summary>Looks at the plan between where it is settled and now.</summary>
    public static DueFires Of(CronTimes times, DateTime through, DateTime now, MissedPolicy policy)
    {
        if (times.Next(through) is not { } first || first > now) return new([], through, false);
        if (now - first <= Late)
        {
            var all = new List<DateTime> { first };
            while (times.Next(all[^1]) is { } next && next <= now) all.Add(next);
            return new(all, all[^1], false);
        }
        var last = times.Last(first, now) ?? first;
        var missed = now - last > Late;
        return new(missed && policy == MissedPolicy.Skip ? [] : [last], last, missed);
    }
}
