using System.Collections.Concurrent;
using App.Engines.Background;
using Npgsql;

namespace App.Engines.Schedules;

/// <summary>A schedule as the database has it: what all processes go by, whatever they were built with.</summary>
internal sealed record ScheduleRow(
    string Key, string Cron, string TimeZone, string Description, BackgroundCall Call, MissedPolicy Missed, bool Declared, bool Paused,
    DateTime PlannedThrough, OverlapPolicy Overlap)
{
    /// <summary>The columns that <see cref="Read"/> reads, in order.</summary>
    public const string Columns =
        "key, cron, time_zone, description, job_kind, job_args, missed, declared, paused, planned_through, overlap";

    /// <summary>How many they are.</summary>
    public const int Width = 11;

    private static readonly ConcurrentDictionary<(string Cron, string TimeZone), CronTimes> Known = [];

    /// <summary>Its plan; null: this process cannot read it (another version wrote it, or the zone is unknown here).</summary>
    public CronTimes? Times()
    {
        if (Known.TryGetValue((Cron, TimeZone), out var times)) return times;
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(TimeZone, out var zone)) return null;
        try
        {
            return Known[(Cron, TimeZone)] = CronTimes.Parse(Cron, zone);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>Whether its planned instants are fired.</summary>
    public bool Fires => Declared && !Paused;

    /// <summary>Reads one from columns that begin at the given place.</summary>
    public static ScheduleRow Read(NpgsqlDataReader reader, int at = 0) => new(
        reader.GetString(at), reader.GetString(at + 1), reader.GetString(at + 2), reader.GetString(at + 3),
        new(reader.GetString(at + 4), reader.GetString(at + 5)),
        reader.GetString(at + 6) == "skip" ? MissedPolicy.Skip : MissedPolicy.CatchUpOnce, reader.GetBoolean(at + 7),
        reader.GetBoolean(at + 8), reader.GetDateTime(at + 9),
        reader.GetString(at + 10) == "queue" ? OverlapPolicy.Queue : OverlapPolicy.Skip);
}
