using App.Platform.Database;
using App.Platform.Serving;
using Npgsql;

namespace App.Engines.Jobs;

/// <summary>
/// Vacuums the queue's table as fast as it is used. What has ended leaves dead entries at the head of the index that
/// claims read, and autovacuum, which looks once a minute, would let them pile up by the million.
/// </summary>
internal sealed class JobVacuum(Postgres postgres, TimeProvider time, ILogger<JobVacuum> log) : Loop("Vacuuming the queue", time, log)
{
    private const int Many = 50_000;
    private const int Some = 2_000;

    // A table with a million waiting takes long to vacuum: it may take this share of the time, and no more.
    private const double Share = 0.1;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(0.5);
    private long ended;
    private long seen;
    private TimeSpan took;
    private long vacuumed;

    /// <summary>Jobs have ended here.</summary>
    public void Count(int jobs) => Interlocked.Add(ref ended, jobs);

    /// <summary>Vacuums when many jobs have ended since the last time, or some and none since the last tick.</summary>
    public override async Task<Pause> TickAsync(CancellationToken ct)
    {
        if (IsDue()) await VacuumAsync(ct);
        return Interval;
    }

    private bool IsDue()
    {
        var count = Interlocked.Read(ref ended);
        var quiet = count == seen;
        seen = count;
        if (count < Many && !(quiet && count >= Some)) return false;
        if (took > TimeSpan.Zero && Time.GetElapsedTime(vacuumed) < took / Share) return false;
        Interlocked.Add(ref ended, -count);
        seen = 0;
        return true;
    }

    private async Task VacuumAsync(CancellationToken ct)
    {
        var began = Time.GetTimestamp();
        await using var connection = await postgres.OpenOwnAsync("vacuum", ct);
        // Another worker may be at it: that is as good. Tables are not cut at their end, for that would lock everyone out.
        await using var vacuum = new NpgsqlCommand("vacuum (skip_locked, truncate off, index_cleanup on) jobs",
            connection)
        { CommandTimeout = 0 };
        await vacuum.ExecuteNonQueryAsync(ct);
        vacuumed = Time.GetTimestamp();
        took = Time.GetElapsedTime(began, vacuumed);
    }
}
