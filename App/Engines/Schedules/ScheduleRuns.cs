using App.Platform.Database;
using App.Platform.Http;
using Npgsql;

namespace App.Engines.Schedules;

/// <summary>A fire of a schedule, and what its job came to.</summary>
/// <param name="Id">Counts up.</param>
/// <param name="ScheduledFor">The planned instant; of a fire by hand or at start, when that was.</param>
/// <param name="Reason"><c>planned</c>, <c>missed</c> (caught up), <c>manual</c> or <c>initial</c>.</param>
/// <param name="JobId">Its job in the queue, for fires of versions before background jobs.</param>
/// <param name="Status"><c>pending</c>, <c>running</c>, <c>succeeded</c>, <c>failed</c>, <c>cancelled</c> or <c>skipped</c>.</param>
/// <param name="StartedAt">When its last attempt began.</param>
/// <param name="FinishedAt">When it ended.</param>
/// <param name="DurationMs">From start to end.</param>
/// <param name="Error">The last error.</param>
/// <param name="BackgroundJobId">Its background job; null where it was skipped.</param>
internal sealed record ScheduleRun(
    long Id, DateTime ScheduledFor, [OneOf("planned", "missed", "manual", "initial")] string Reason, long? JobId,
    [OneOf("pending", "running", "succeeded", "failed", "cancelled", "skipped")] string Status, DateTime? StartedAt, DateTime? FinishedAt,
    double? DurationMs, string? Error, long? BackgroundJobId);

/// <summary>Reads schedules with their runs, and keeps the history.</summary>
internal sealed class ScheduleRuns(Postgres postgres)
{
    private const string RunColumns = "id, scheduled_for, reason, job_id, status, started_at, finished_at, error, background_job_id";

    /// <summary>Schedules with their last runs, fires that were skipped apart, by key.</summary>
    /// <param name="after">Begins behind this key.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="only">This one alone; null: all.</param>
    /// <param name="ct">Gives up.</param>
    public async Task<IReadOnlyList<(ScheduleRow Schedule, ScheduleRun? Last)>> ReadAsync(string after, int limit, string? only,
        CancellationToken ct)
    {
        await using var command = postgres.Source.CreateCommand($"""
            select s.*, r.* from (select {ScheduleRow.Columns} from schedules where key > $1 and ($3::text is null or key = $3) order by key
                limit $2) s
            left join lateral (select {RunColumns} from schedule_runs where key = s.key and status <> 'skipped' order by id desc
                limit 1) r on true
            order by s.key
            """);
        command.Parameters.Add(new() { Value = after });
        command.Parameters.Add(new() { Value = limit });
        command.Parameters.Add(new() { Value = (object?)only ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
        var found = new List<(ScheduleRow, ScheduleRun?)>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            found.Add((ScheduleRow.Read(reader), reader.IsDBNull(ScheduleRow.Width) ? null : Run(reader, ScheduleRow.Width)));
        return found;
    }

    /// <summary>Runs of a schedule, the last first.</summary>
    public async Task<IReadOnlyList<ScheduleRun>> HistoryAsync(string key, long before, int limit, CancellationToken ct)
    {
        await using var command =
            postgres.Source.CreateCommand($"select {RunColumns} from schedule_runs where key = $1 and id < $2 order by id desc limit $3");
        command.Parameters.Add(new() { Value = key });
        command.Parameters.Add(new() { Value = before });
        command.Parameters.Add(new() { Value = limit });
        var found = new List<ScheduleRun>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) found.Add(Run(reader, 0));
        return found;
    }

    /// <summary>Keys of the schedules that the version in force declares.</summary>
    public async Task<IReadOnlyList<string>> DeclaredAsync(CancellationToken ct)
    {
        await using var command = postgres.Source.CreateCommand("select key from schedules where declared order by key");
        var keys = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) keys.Add(reader.GetString(0));
        return keys;
    }

    /// <summary>Writes down what became of jobs, before their engine forgets them.</summary>
    public async Task KeepAsync(CancellationToken ct)
    {
        await using var command = postgres.Source.CreateCommand("""
            update schedule_fires f set status = r.status, started_at = r.started_at, finished_at = r.finished_at, error = r.error
            from (select * from schedule_runs
                where id = any (array(select id from schedule_fires where status not in ('succeeded', 'skipped')))) r
            where f.id = r.id and f.status not in ('succeeded', 'skipped') and (f.status, f.started_at, f.finished_at, f.error) is distinct
                from (r.status, r.started_at, r.finished_at, r.error)
            """);
        await command.ExecuteNonQueryAsync(ct);
    }

    private static ScheduleRun Run(NpgsqlDataReader reader, int at)
    {
        var (started, finished) = (Time(at + 5), Time(at + 6));
        return new ScheduleRun(reader.GetInt64(at), reader.GetDateTime(at + 1), reader.GetString(at + 2),
            reader.IsDBNull(at + 3) ? null : reader.GetInt64(at + 3),
            reader.GetString(at + 4), started, finished,
            started is null || finished is null ? null : Math.Round((finished - started).Value.TotalMilliseconds, 3),
            reader.IsDBNull(at + 7) ? null : reader.GetString(at + 7), reader.IsDBNull(at + 8) ? null : reader.GetInt64(at + 8));

        DateTime? Time(int column) => reader.IsDBNull(column) ? null : reader.GetDateTime(column);
    }
}
