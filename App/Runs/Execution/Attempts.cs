using System.Text.Json;
using Npgsql;
using NpgsqlTypes;

namespace App.Runs.Execution;

/// <summary>
/// What is written of the attempts of a step. Whoever ends an attempt must find it open: one that was taken over,
/// cancelled or ended by somebody else is nobody's to end again.
/// </summary>
internal static class Attempts
{
    private const string StepSql = """
        select s.handler, s.input::text, s.timeout_ms, s.max_attempts, s.status,
            coalesce((select max(number) from run_attempts a where a.run_id = s.run_id and a.step = s.name), 0)
        from run_steps s where s.run_id = $1 and s.name = $2 and s.activation = $3 and s.job_attempt <= $4 and s.status = any($5)
        """;

    private const string OpenSql = """
        insert into run_attempts (run_id, step, number, status, worker) values ($1, $2, $3, 'running', $4)
        """;

    private const string CloseSql = """
        update run_attempts set status = $3, error = $4, ended_at = clock_timestamp() where run_id = $1 and step = $2 and number = $5
            and status = any($6)
        """;

    private const string TurnSql = """
        update run_attempts set status = $3, worker = coalesce($4, worker) where run_id = $1 and step = $2 and number = $5
            and status = any($6)
        """;

    private const string StartRunSql =
        "update runs set status = 'running', started_at = coalesce(started_at, clock_timestamp()) where id = $1 and status = any($2)";

    private const string StartStepSql = """
        update run_steps set status = 'running', job_attempt = $3, wake_at = null, started_at = coalesce(started_at, clock_timestamp())
        where run_id = $1 and name = $2 and status = any($4)
        """;

    private const string EndStepSql = """
        update run_steps set status = $3, output = $4, error = $5, ended_at = clock_timestamp(), wake_at = null where run_id = $1
            and name = $2 and status = any($6)
        """;

    private const string PauseStepSql = """
        update run_steps set status = 'ready', wake_at = clock_timestamp() + $3 where run_id = $1 and name = $2 and status = any($4)
        """;

    private const string WaitStepSql = """
        update run_steps set status = 'waiting', wake_at = clock_timestamp() + $3, job_id = $4, activation = activation + case
            when $4 is null then 0 else 1 end, job_attempt = 0
        where run_id = $1 and name = $2 and status = any($5)
        """;

    /// <summary>
    /// Begins an attempt, or goes on with one that waited. An attempt that is still open lost its worker, and ends as interrupted.
    /// </summary>
    /// <param name="change">The run, opened.</param>
    /// <param name="args">The job's.</param>
    /// <param name="jobAttempt">The job's attempt: one below another that has begun has lost its lease.</param>
    /// <param name="worker">This process.</param>
    /// <param name="ct">Gives up.</param>
    /// <returns>Null: the step has moved on without this job.</returns>
    public static async Task<BegunStep?> BeginAsync(RunChange change, RunStepArgs args, int jobAttempt, string worker, CancellationToken ct)
    {
        if (RunState.IsEnded(change.Run.Status)) return null;
        if (await FindAsync(change, args, jobAttempt, ct) is not var (step, status)) return null;

        var hasWaited = status == RunState.Waiting;
        if (status == RunState.Running)
            await CloseAsync(change, step.Name, step.Number, RunState.Interrupted, "Its worker ended before it did.", ct);
        if (hasWaited)
            await change.ExecuteAsync(TurnSql, ct, step.Name, RunState.Running, Text(worker), step.Number,
                RunState.AttemptBefore(RunState.Running));
        else
        {
            step = step with { Number = step.Number + 1 };
            await change.ExecuteAsync(OpenSql, ct, step.Name, step.Number, worker);
        }
        if (await change.ExecuteAsync(StartRunSql, ct, (object)RunState.RunBefore(RunState.Running)) == 1)
            change.Note(null, RunState.Running, null);
        await change.ExecuteAsync(StartStepSql, ct, step.Name, jobAttempt, RunState.StepBefore(RunState.Running));
        change.Note(step.Name, RunState.Running, step.Number);
        return step with { HasWaited = hasWaited };
    }

    /// <summary>Ends an attempt.</summary>
    /// <returns>False: it was not open any more.</returns>
    public static async Task<bool> CloseAsync(RunChange change, string step, int number, string status, string? error,
        CancellationToken ct) =>
        await change.ExecuteAsync(CloseSql, ct, step, status, Text(error), number, RunState.AttemptBefore(status)) == 1;

    /// <summary>Ends a step, and does what follows from it.</summary>
    public static async Task EndStepAsync(RunChange change, string step, int? number, string status, string? output, string? error,
        CancellationToken ct)
    {
        var kept = new NpgsqlParameter { Value = (object?)output ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Json };
        if (await change.ExecuteAsync(EndStepSql, ct, step, status, kept, Text(error), RunState.StepBefore(status)) != 1)
            throw new InvalidOperationException($"Step '{step}' of run {change.Run.Id} cannot become {status}.");
        change.Note(step, status, number, error);
        await change.AdvanceAfterAsync(step, ct);
    }

    /// <summary>Puts a step back in line for its next attempt, which its job will make.</summary>
    public static async Task PauseStepAsync(RunChange change, string step, int number, TimeSpan after, CancellationToken ct)
    {
        await change.ExecuteAsync(PauseStepSql, ct, step, after, RunState.StepBefore(RunState.Ready));
        change.Note(step, RunState.Ready, number);
    }

    /// <summary>Lets a step wait; where the wait has an end, another job goes on then.</summary>
    /// <returns>False: the attempt was not open any more.</returns>
    public static async Task<bool> WaitAsync(RunChange change, BegunStep step, TimeSpan? duration, CancellationToken ct)
    {
        if (await change.ExecuteAsync(TurnSql, ct, step.Name, RunState.Waiting, Text(null), step.Number,
            RunState.AttemptBefore(RunState.Waiting)) != 1) return false;
        long? job = duration is { } delay
            ? await change.EnqueueAsync(change.JobFor(step.Name, step.Activation + 1, step.MaxAttempts, delay), ct) : null;
        await change.ExecuteAsync(WaitStepSql, ct,
            step.Name,
            new NpgsqlParameter { Value = (object?)duration ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Interval },
            new NpgsqlParameter { Value = (object?)job ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bigint },
            RunState.StepBefore(RunState.Waiting));
        change.Note(step.Name, RunState.Waiting, step.Number);
        return true;
    }

    private static async Task<(BegunStep Step, string Status)?> FindAsync(RunChange change, RunStepArgs args, int jobAttempt,
        CancellationToken ct)
    {
        await using var command = change.Command(StepSql, args.Step, args.Activation, jobAttempt, RunState.StepBefore(RunState.Running));
        await using var reader = await command.ExecuteReaderAsync(ct);
        if (!await reader.ReadAsync(ct)) return null;
        return (new BegunStep(change.Run, args.Step, reader.GetString(0), JsonElement.Parse(reader.GetString(1)), reader.GetInt32(2),
            reader.GetInt32(3),
            args.Activation, reader.GetInt32(5), HasWaited: false), reader.GetString(4));
    }

    private static NpgsqlParameter Text(string? text) =>
        new() { Value = text is null ? DBNull.Value : RunChange.Kept(text), NpgsqlDbType = NpgsqlDbType.Text };
}
