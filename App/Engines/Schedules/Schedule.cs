using System.Linq.Expressions;
using App.Engines.Background;

namespace App.Engines.Schedules;

/// <summary>A background job that is enqueued again and again, at the times of a cron expression.</summary>
/// <param name="Key">Stable name; its history hangs on it.</param>
/// <param name="Cron">Five fields as crontab has them (<c>30 2 * * *</c>), or six or seven with seconds first (<c>0 30 2 * *
/// ?</c>).</param>
/// <param name="TimeZone">IANA name of the zone whose clock the expression reads, such as <c>Europe/Berlin</c> or <c>UTC</c>.</param>
/// <param name="Call">What is called.</param>
/// <param name="Missed">What becomes of fires that fell due while no worker was there.</param>
internal sealed record Schedule(string Key, string Cron, string TimeZone, BackgroundCall Call,
    MissedPolicy Missed = MissedPolicy.CatchUpOnce)
{
    /// <summary>What it does, for people: one line.</summary>
    public string Description { get; init; } = "";

    /// <summary>What becomes of a fire that falls due while the job of an earlier one has not ended.</summary>
    public OverlapPolicy Overlap { get; init; } = OverlapPolicy.Skip;
}

/// <summary>What becomes of fires that were missed because no worker was there.</summary>
internal enum MissedPolicy
{
    /// <summary>One fire, for the latest of them.</summary>
    CatchUpOnce,

    /// <summary>None.</summary>
    Skip,
}

/// <summary>What becomes of a fire that falls due while the job of an earlier one has not ended.</summary>
internal enum OverlapPolicy
{
    /// <summary>It is noted as skipped, and nothing is enqueued.</summary>
    Skip,

    /// <summary>Its job is enqueued beside the other.</summary>
    Queue,
}

/// <summary>Declares schedules.</summary>
internal static class ScheduleRegistration
{
    /// <summary>
    /// Declares one: <c>services.AddSchedule&lt;WriteReport&gt;("reports.daily", "30 6 * * *", "Europe/Berlin", job =>
    /// job.RunAsync(CancellationToken.None))</c>.
    /// <see cref="ScheduleCheck"/> judges all of them at start.
    /// </summary>
    public static IServiceCollection AddSchedule<TJob>(
        this IServiceCollection services, string key, string cron, string timeZone, Expression<Func<TJob, Task>> call,
        Func<Schedule, Schedule>? with = null)
        where TJob : class
    {
        var schedule = new Schedule(key, cron, timeZone, BackgroundCall.Of(call));
        return services.AddSchedule(with is null ? schedule : with(schedule));
    }

    /// <summary>Declares one that is made elsewhere.</summary>
    public static IServiceCollection AddSchedule(this IServiceCollection services, Schedule schedule) => services.AddSingleton(schedule);
}
