using App.Engines.Background;
using App.Platform.Database;

namespace App.Engines.Schedules;

/// <summary>
/// Turns planned instants into background jobs. Fire and job are one transaction under the lock of the schedule's row, and a fire
/// is unique in its instant: however many workers wake at it, one job comes of it.
/// </summary>
internal sealed class ScheduleFiring(Postgres postgres, BackgroundJobs jobs, ScheduleMetrics metrics, ILogger<ScheduleFiring> log)
{
    /// <summary>The database's clock, which alone says what is due.</summary>
    public async Task<DateTime> NowAsync(CancellationToken ct)
    {
        await using var command = postgres.Source.CreateCommand("select clock_timestamp()");
        return (DateTime)(await command.ExecuteScalarAsync(ct))!;
    }

    /// <summary>One tick of a schedule: fires what is due.</summary>
    /// <returns>The next planned instant; null: none, or none that this process could fire.</returns>
    public async Task<DateTime?> FireDueAsync(string key, DateTime now, CancellationToken ct)
    {
        await using var transaction = await ShortTransaction.BeginAsync(postgres.Source, ct);
        if (await LockAsync(transaction, key, ct) is not { Declared: true } schedule) return null;
        if (schedule.Times() is not { } times || !jobs.Knows(schedule.Call))
        {
            log.LogWarning(
                "Schedule {Key:l} is left to other workers: this one cannot read '{Cron:l}' in {TimeZone:l}, or has no job {Job:l}", key,
                schedule.Cron, schedule.TimeZone, schedule.Call.Name);
            return null;
        }
        // A paused schedule is watched on, so that it goes on at once when it is resumed.
        var due = schedule.Fires
            ? DueFires.Of(times, schedule.PlannedThrough, now, schedule.Missed) : new([], schedule.PlannedThrough, false);
        foreach (var instant in due.Instants)
        {
            if (schedule.Overlap == OverlapPolicy.Skip && await IsBusyAsync(transaction, key, ct))
                await SkipAsync(transaction, key, instant, due.Missed ? "missed" : "planned", ct);
            else await FireAsync(transaction, schedule, instant, due.Missed ? "missed" : "planned", ct);
        }
        if (due.Through > schedule.PlannedThrough)
        {
            await using var settle = transaction.Command("update schedules set planned_through = $2 where key = $1", key, due.Through);
            await settle.ExecuteNonQueryAsync(ct);
            await transaction.CommitAsync();
        }
        if (due.Missed)
            log.LogWarning("Schedule {Key:l} was missed at {Instant:u}: {Outcome:l}", key, due.Through,
                due.Instants.Count > 0 ? "caught up" : "skipped, as it says");
        return times.Next(due.Through > now ? due.Through : now);
    }

    /// <summary>Fires a schedule now, paused or not.</summary>
    /// <returns>The job; null: no such schedule is declared.</returns>
    /// <exception cref="ArgumentException">This version has no such job.</exception>
    public async Task<long?> TriggerAsync(string key, CancellationToken ct)
    {
        await using var transaction = await ShortTransaction.BeginAsync(postgres.Source, ct);
        if (await LockAsync(transaction, key, ct) is not { Declared: true } schedule) return null;
        var job = await FireNowAsync(transaction, schedule, "manual", ct);
        await transaction.CommitAsync();
        return job;
    }

    /// <summary>Fires every schedule that is not paused, in the caller's transaction.</summary>
    public async Task FireInitiallyAsync(ShortTransaction transaction, CancellationToken ct)
    {
        var schedules = new List<ScheduleRow>();
        await using (var command =
            transaction.Command($"select {ScheduleRow.Columns} from schedules where declared and not paused order by key for update"))
        await using (var reader = await command.ExecuteReaderAsync(ct))
            while (await reader.ReadAsync(ct)) schedules.Add(ScheduleRow.Read(reader));
        foreach (var schedule in schedules.Where(schedule => jobs.Knows(schedule.Call)))
            await FireNowAsync(transaction, schedule, "initial", ct);
    }

    private static async Task<ScheduleRow?> LockAsync(ShortTransaction transaction, string key, CancellationToken ct)
    {
        await using var command = transaction.Command($"select {ScheduleRow.Columns} from schedules where key = $1 for update", key);
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await reader.ReadAsync(ct) ? ScheduleRow.Read(reader) : null;
    }

    // Whether the job of an earlier fire has not ended.
    private static async Task<bool> IsBusyAsync(ShortTransaction transaction, string key, CancellationToken ct)
    {
        await using var command = transaction.Command("""
            select exists (
                select from schedule_fires f left join jobs j on j.id = f.job_id left join hangfire.job b on b.id = f.background_job_id
                where f.key = $1 and f.status in ('pending', 'running')
                    and ((j.id is not null and j.finished_at is null) or b.statename not in ('Succeeded', 'Failed', 'Deleted')))
            """, key);
        return (bool)(await command.ExecuteScalarAsync(ct))!;
    }

    private async Task SkipAsync(ShortTransaction transaction, string key, DateTime instant, string reason, CancellationToken ct)
    {
        await using var insert = transaction.Command("""
            insert into schedule_fires (key, scheduled_for, reason, status, error)
                values ($1, $2, $3, 'skipped', 'The job of an earlier fire had not ended.')
            on conflict (key, scheduled_for) do nothing
            """, key, instant, reason);
        if (await insert.ExecuteNonQueryAsync(ct) == 0) return;
        metrics.Fired(key, "skipped");
        log.LogInformation("Schedule {Key:l} was skipped at {Instant:u}: the job of an earlier fire has not ended", key, instant);
    }

    private async Task<long> FireNowAsync(ShortTransaction transaction, ScheduleRow schedule, string reason, CancellationToken ct)
    {
        while (true)
        {
            await using var clock = transaction.Command("select clock_timestamp()");
            // The clock goes on by microseconds, so another fire at the same instant is soon past.
            if (await FireAsync(transaction, schedule, (DateTime)(await clock.ExecuteScalarAsync(ct))!, reason, ct) is { } job) return job;
        }
    }

    // Null: this instant has been fired.
    private async Task<long?> FireAsync(ShortTransaction transaction, ScheduleRow schedule, DateTime instant, string reason,
        CancellationToken ct)
    {
        await using var insert = transaction.Command(
            "insert into schedule_fires (key, scheduled_for, reason) values ($1, $2, $3) on conflict (key, scheduled_for) do nothing "
            + "returning id", schedule.Key, instant, reason);
        if (await insert.ExecuteScalarAsync(ct) is not long fire) return null;
        var job = jobs.Enqueue(transaction, schedule.Call, fire);
        await using var name = transaction.Command("update schedule_fires set background_job_id = $2 where id = $1", fire, job);
        await name.ExecuteNonQueryAsync(ct);
        metrics.Fired(schedule.Key, reason);
        return job;
    }
}
