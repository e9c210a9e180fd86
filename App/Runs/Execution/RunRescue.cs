using App.Platform.Serving;
using Npgsql;

namespace App.Runs.Execution;

/// <summary>
/// Ends the steps whose job has ended without them: it was set aside because it ended its workers, or somebody cancelled
/// it. Without this their runs would stand still for ever.
/// </summary>
internal sealed class RunRescue(NpgsqlDataSource source, RunStore runs, TimeProvider time, ILogger<RunRescue> log)
    : Loop("Looking for steps without a job", time, log)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    // A job that has succeeded is not among jobs any more, but its step has moved on in the same commit.
    private const string LostSql = """
        select s.run_id, s.name, s.job_id, coalesce(j.state, 'gone'), coalesce(j.errors -> -1 ->> 'error', '')
        from run_steps s left join jobs j on j.id = s.job_id
        where s.status in ('ready', 'running', 'waiting') and s.job_id is not null and (j.id is null or j.finished_at is not null)
        limit 100
        """;

    private const string StillSql =
        "select coalesce((select max(number) from run_attempts where run_id = $1 and step = $2 and status in ('running', 'waiting')), 0) "
        + "from run_steps where run_id = $1 and name = $2 and job_id = $3 and status = any($4)";

    /// <summary>One look; answers how many steps were ended.</summary>
    public async Task<int> RunOnceAsync(CancellationToken ct)
    {
        var lost = new List<(Guid Run, string Step, long Job, string Error)>();
        await using (var command = source.CreateCommand(LostSql))
        await using (var reader = await command.ExecuteReaderAsync(ct))
            while (await reader.ReadAsync(ct))
                lost.Add(
                    (reader.GetGuid(0), reader.GetString(1), reader.GetInt64(2),
                        $"Its job {reader.GetInt64(2)} is {reader.GetString(3)}. {reader.GetString(4)}".TrimEnd()));
        var ended = 0;
        foreach (var (run, step, job, error) in lost)
            if (await EndStepAsync(run, step, job, error, ct)) ended++;
        return ended;
    }

    /// <inheritdoc/>
    public override async Task<Pause> TickAsync(CancellationToken ct)
    {
        await RunOnceAsync(ct);
        return Interval;
    }

    private async Task<bool> EndStepAsync(Guid run, string step, long job, string error, CancellationToken ct)
    {
        await using var change = await runs.OpenAsync(run, null, ct);
        if (change is null) return false;
        object? number;
        await using (var still = change.Command(StillSql, step, job, RunState.StepBefore(RunState.Failed)))
            number = await still.ExecuteScalarAsync(ct);
        if (number is not int open) return false;
        if (open > 0) await Attempts.CloseAsync(change, step, open, RunState.Failed, error, ct);
        await Attempts.EndStepAsync(change, step, open > 0 ? open : null, RunState.Failed, null, error, ct);
        await change.CommitAsync(ct);
        Log.LogWarning("Step {Step} of run {Run} has lost its job and failed: {Error}", step, run, error);
        return true;
    }
}
