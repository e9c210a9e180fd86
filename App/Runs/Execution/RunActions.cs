using App.Engines.Jobs;

namespace App.Runs.Execution;

/// <summary>What people do to runs: cancel them, retry them, approve a step.</summary>
internal sealed class RunActions(RunStore runs, JobQueue queue)
{
    private const string CancelStepsSql = """
        with cancelled as (
            update run_steps s set status = 'cancelled', ended_at = clock_timestamp(), wake_at = null
            from (select name, status from run_steps where run_id = $1 and status = any($2) for update) b
            where s.run_id = $1 and s.name = b.name
            returning s.name, s.job_id, s.position, b.status as before
        )
        select name, job_id, before from cancelled order by position
        """;

    private const string CancelAttemptsSql =
        "update run_attempts set status = 'cancelled', ended_at = clock_timestamp() where run_id = $1 and status = any($2) "
        + "returning step, number";

    private const string RestartStepsSql = """
        update run_steps set status = 'pending', error = null, started_at = null, ended_at = null
        where run_id = $1 and status = any($2) and not (status = 'failed' and continue_on_error) returning name
        """;

    private const string RestartRunSql =
        "update runs set status = 'running', ended_at = null, error = null, failed_step = null where id = $1 and status = 'failed' "
        + "and status = any($2)";

    private const string WaitingSql = """
        select s.job_id, a.number from run_steps s join run_attempts a on a.run_id = s.run_id and a.step = s.name and a.status = 'waiting'
        where s.run_id = $1 and s.name = $2 and s.handler = $3 and s.status = 'waiting'
        """;

    /// <summary>
    /// Cancels a run: it and its steps at once, so that nothing more begins; what runs now is told to stop, and what it
    /// answers is not taken any more.
    /// </summary>
    /// <returns>Null: there is no such run. Otherwise its status, which is another where it had ended before.</returns>
    public async Task<string?> CancelAsync(Guid run, string organization, CancellationToken ct)
    {
        var jobs = new List<long>();
        await using (var change = await runs.OpenAsync(run, organization, ct))
        {
            if (change is null) return null;
            if (RunState.IsEnded(change.Run.Status)) return change.Run.Status;
            var attempts = new Dictionary<string, int>();
            await using (var command = change.Command(CancelAttemptsSql, (object)RunState.AttemptBefore(RunState.Cancelled)))
            await using (var reader = await command.ExecuteReaderAsync(ct))
                while (await reader.ReadAsync(ct)) attempts[reader.GetString(0)] = reader.GetInt32(1);
            await using (var command = change.Command(CancelStepsSql, (object)RunState.StepBefore(RunState.Cancelled)))
            await using (var reader = await command.ExecuteReaderAsync(ct))
            {
                while (await reader.ReadAsync(ct))
                {
                    change.Note(reader.GetString(0), RunState.Cancelled,
                        attempts.TryGetValue(reader.GetString(0), out var attempt) ? attempt : null);
                    if (!reader.IsDBNull(1) && reader.GetString(2) != RunState.Pending) jobs.Add(reader.GetInt64(1));
                }
            }
            await change.EndRunAsync(RunState.Cancelled, ct);
            await change.CommitAsync(ct);
        }
        // Not in the transaction: a job that is not told finds its step cancelled by itself.
        foreach (var job in jobs) await queue.CancelAsync(job, ct);
        return RunState.Cancelled;
    }

    /// <summary>Lets a failed run go on from where it failed; what has succeeded is kept.</summary>
    /// <returns>Null: there is no such run. Otherwise whether it had failed, and its status.</returns>
    public async Task<(bool Done, string Status)?> RetryAsync(Guid run, string organization, CancellationToken ct)
    {
        await using var change = await runs.OpenAsync(run, organization, ct);
        if (change is null) return null;
        if (await change.ExecuteAsync(RestartRunSql, ct, (object)RunState.RunBefore(RunState.Running)) != 1)
            return (false, change.Run.Status);
        change.Note(null, RunState.Running, null);
        await using (var command = change.Command(RestartStepsSql, (object)RunState.StepBefore(RunState.Pending)))
        await using (var reader = await command.ExecuteReaderAsync(ct))
            while (await reader.ReadAsync(ct)) change.Note(reader.GetString(0), RunState.Pending, null);
        await change.AdvanceAsync(ct);
        await change.CommitAsync(ct);
        return (true, RunState.Running);
    }

    /// <summary>Ends a step that waits for a person.</summary>
    /// <param name="run">The run.</param>
    /// <param name="organization">Whose it is.</param>
    /// <param name="step">The step.</param>
    /// <param name="handler">The handler that it must have.</param>
    /// <param name="output">Its output as JSON; null: it fails.</param>
    /// <param name="error">Why it fails.</param>
    /// <param name="ct">Gives up.</param>
    /// <returns>False: no such step waits.</returns>
    public async Task<bool> EndWaitAsync(Guid run, string organization, string step, string handler, string? output, string? error,
        CancellationToken ct)
    {
        long? job = null;
        await using (var change = await runs.OpenAsync(run, organization, ct))
        {
            if (change is null) return false;
            int number;
            await using (var command = change.Command(WaitingSql, step, handler))
            await using (var reader = await command.ExecuteReaderAsync(ct))
            {
                if (!await reader.ReadAsync(ct)) return false;
                if (!reader.IsDBNull(0)) job = reader.GetInt64(0);
                number = reader.GetInt32(1);
            }
            var status = output is null ? RunState.Failed : RunState.Succeeded;
            await Attempts.CloseAsync(change, step, number, status, error, ct);
            await Attempts.EndStepAsync(change, step, number, status, output, error, ct);
            await change.CommitAsync(ct);
        }
        // The job that would have ended the wait is not needed any more; it would find the step ended.
        if (job is { } timer) await queue.CancelAsync(timer, ct);
        return true;
    }
}
