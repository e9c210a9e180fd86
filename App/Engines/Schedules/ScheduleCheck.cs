using System.Text.RegularExpressions;
using App.Engines.Background;
using App.Platform.Configuration;

namespace App.Engines.Schedules;

/// <summary>Judges what the slices have declared, all of it at once, before anything is started.</summary>
internal static partial class ScheduleCheck
{
    private static readonly DateTime Whenever = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>Adds every fault to those of the variables.</summary>
    public static void Check(IServiceCollection services, Variables variables)
    {
        var schedules = Instances<Schedule>(services);
        var jobs = new BackgroundJobTypes(Instances<BackgroundJobType>(services));
        foreach (var same in schedules.GroupBy(schedule => schedule.Key).Where(group => group.Count() > 1))
            Fault(same.First(), "Key", same.Key, $"it is declared {same.Count()} times, give each schedule a key of its own");
        foreach (var schedule in schedules)
        {
            if (!Key().IsMatch(schedule.Key)) Fault(schedule, "Key", schedule.Key, "use 1 to 64 of a-z 0-9 . _ -");
            CheckTimes(schedule);
            if (!jobs.CanRun(schedule.Call)) Fault(schedule, "Call", schedule.Call.Name, "register its class with AddBackgroundJob");
            if (schedule.Description.Length > 200)
                Fault(schedule, "Description", schedule.Description[..20] + "...", "keep it within 200 characters");
        }

        void CheckTimes(Schedule schedule)
        {
            if (!TimeZoneInfo.TryFindSystemTimeZoneById(schedule.TimeZone, out var zone))
                Fault(schedule, "TimeZone", schedule.TimeZone, ZoneCure());
            try
            {
                if (CronTimes.Parse(schedule.Cron, zone ?? TimeZoneInfo.Utc).Next(Whenever) is null)
                    Fault(schedule, "Cron", schedule.Cron, "it never comes");
            }
            catch (FormatException e)
            {
                Fault(schedule, "Cron", schedule.Cron, e.Message.TrimEnd('.'));
            }
        }

        void Fault(Schedule schedule, string property, string value, string cure) =>
            variables.Fault($"Schedule {schedule.Key}: {property}", value, cure, 0);
    }

    // A system without the data knows UTC alone, and every name would seem to be misspelt.
    private static string ZoneCure() => TimeZoneInfo.GetSystemTimeZones().Count > 1
        ? "name a zone of the IANA database, such as Europe/Berlin or UTC"
        : "this system has no time zone data, install its package tzdata (the files under /usr/share/zoneinfo)";

    private static List<T> Instances<T>(IServiceCollection services) =>
        [.. services.Where(service => service.ServiceType == typeof(T)).Select(service => service.ImplementationInstance).OfType<T>()];

    [GeneratedRegex("^[a-z0-9._-]{1,64}$")]
    private static partial Regex Key();
}
