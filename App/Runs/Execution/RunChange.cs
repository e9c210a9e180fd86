using App.Engines.Jobs;
using Npgsql;
using NpgsqlTypes;

namespace App.Runs.Execution;

/// <summary>
/// One transaction that holds the lock of a run's row. Everything that happens to a run goes through one, so its steps,
/// its events and its jobs are changed by one at a time, and together. Not committed, it changes nothing.
/// </summary>
internal sealed class RunChange(NpgsqlConnection connection, NpgsqlTransaction transaction, RunHead head, JobQueue queue,
    RunSignals signals, RunMetrics metrics, RunLog log) : IAsyncDisposable
{
    /// <summary>The longest error that is kept.</summary>
    public const int MostErrorCharacters = 4000;

    private const string EventsSql = """
        with numbered as (update runs set last_event = last_event + $2 where id = $1 returning last_event),
        noted as (
            insert into run_events (run_id, id, step, status, attempt)
            select $1, numbered.last_event - $2 + n.number, n.step, n.status, n.attempt
            from numbered, unnest($3, $4, $5) with ordinality as n(step, status, attempt, number))
        select pg_notify('tandem_runs', $1::text)
        """;

    private const string ActivateSql = """
        update run_steps s set status = 'ready', activation = activation + 1, job_id = n.job, job_attempt = 0, wake_at = null
        from unnest($2, $3) as n(name, job) where s.run_id = $1 and s.name = n.name and s.status = any($4)
        """;

    private const string SkipSql = """
        update run_steps set status = 'skipped', ended_at = clock_timestamp(), error = null where run_id = $1 and name = any($2)
            and status = any($3)
        """;

    // The cause of a run's failure is the step that failed first.
    private const string EndSql = """
        update runs r set status = $2, ended_at = clock_timestamp(), failed_step = f.name, error = f.error
        from (select 1) one left join lateral (
            select name, error from run_steps where run_id = $1 and status = 'failed' and not continue_on_error and $2 = 'failed'
            order by ended_at, position limit 1
        ) f on true
        where r.id = $1 and r.status = any($3)
        """;

    // Only the end of a step that something waits for, or of the last one, has consequences; the rest of a wide run need
    // not be read for each of its steps.
    private const string ConsequencesSql = """
        select exists (select from run_steps where run_id = $1 and status = 'pending' and $2 = any(depends_on))
            or not exists (select from run_steps where run_id = $1 and status in ('pending', 'ready', 'running', 'waiting'))
        """;

    private readonly List<(string? Step, string Status, int? Attempt, string? Error)> events = [];

    /// <summary>The run as it was when the change began.</summary>
    public RunHead Run => head;

    /// <summary>Its connection, for statements that belong to the same commit.</summary>
    public NpgsqlConnection Connection => connection;

    /// <summary>Its transaction.</summary>
    public NpgsqlTransaction Transaction => transaction;

    /// <summary>A text that the database takes, no longer than what is kept.</summary>
    public static string Kept(string error)
    {
        error = error.Replace('\0', ' ');
        return error.Length <= MostErrorCharacters ? error : error[..(MostErrorCharacters - 3)] + "...";
    }

    /// <summary>Notes a change of status, to be streamed once it is committed.</summary>
    public void Note(string? step, string status, int? attempt, string? error = null) => events.Add((step, status, attempt, error));

    /// <summary>
    /// Does what follows from the states of the steps: queues those that may begin, skips those that never will, ends the run.
    /// </summary>
    public async Task AdvanceAsync(CancellationToken ct)
    {
        var nodes = new List<StepNode>();
        var activations = new Dictionary<string, (int Activation, int MaxAttempts)>();
        await using (var command =
            Command(
                "select name, status, depends_on, continue_on_error, activation, max_attempts from run_steps where run_id = $1 "
                + "order by position"))
        await using (var reader = await command.ExecuteReaderAsync(ct))
        {
            while (await reader.ReadAsync(ct))
            {
                nodes.Add(new StepNode(reader.GetString(0), reader.GetString(1), reader.GetFieldValue<string[]>(2), reader.GetBoolean(3)));
                activations[nodes[^1].Name] = (reader.GetInt32(4), reader.GetInt32(5));
            }
        }

        var progression = Progression.Of(nodes);
        if (progression.Skipped.Count > 0)
        {
            await ExecuteAsync(SkipSql, ct, progression.Skipped.ToArray(), RunState.StepBefore(RunState.Skipped));
            foreach (var step in progression.Skipped) Note(step, RunState.Skipped, null);
        }
        if (progression.Ready.Count > 0)
        {
            var jobs =
                progression.Ready.Select(step => JobFor(step, activations[step].Activation + 1, activations[step].MaxAttempts)).ToList();
            var enqueued = await queue.EnqueueAsync(connection, transaction, jobs, ct);
            await ExecuteAsync(ActivateSql, ct, progression.Ready.ToArray(), enqueued.Select(job => job.Id).ToArray(),
                RunState.StepBefore(RunState.Ready));
            foreach (var step in progression.Ready) Note(step, RunState.Ready, null);
        }
        if (progression.HasEnded) await EndRunAsync(progression.HasFailed ? RunState.Failed : RunState.Succeeded, ct);
    }

    /// <summary>Does what follows from the end of one step.</summary>
    public async Task AdvanceAfterAsync(string step, CancellationToken ct)
    {
        bool consequences;
        await using (var command = Command(ConsequencesSql, step)) consequences = (bool)(await command.ExecuteScalarAsync(ct))!;
        if (consequences) await AdvanceAsync(ct);
    }

    /// <summary>
    /// Lets the commit not wait for the disk. For the beginning of an attempt, of which nothing is lost with it: the commit
    /// of its end waits, for this one too, and without an end the attempt is made again.
    /// </summary>
    public async Task CommitLazilyAsync(CancellationToken ct)
    {
        await using (var command = Command("select set_config('synchronous_commit', 'off', true) from runs where id = $1"))
            await command.ExecuteNonQueryAsync(ct);
        await CommitAsync(ct);
    }

    /// <summary>Ends the run.</summary>
    public async Task EndRunAsync(string status, CancellationToken ct)
    {
        if (await ExecuteAsync(EndSql, ct, status, RunState.RunBefore(status)) == 1) Note(null, status, null);
    }

    /// <summary>The job that carries out a step. It needs no unique key: under the run's lock a step is activated once.</summary>
    public NewJob JobFor(string step, int activation, int maxAttempts, TimeSpan delay = default) =>
        new(RunStepJob.Kind, new RunStepArgs(head.Id, step, activation))
        {
            Organization = head.Organization,
            Priority = head.Priority,
            MaxAttempts = maxAttempts,
            Delay = delay,
        };

    /// <summary>Queues a job in this commit.</summary>
    public async Task<long> EnqueueAsync(NewJob job, CancellationToken ct) =>
        (await queue.EnqueueAsync(connection, transaction, [job], ct))[0].Id;

    /// <summary>A statement of this transaction whose first parameter is the run.</summary>
    public NpgsqlCommand Command(string sql, params ReadOnlySpan<object> values)
    {
        var command = new NpgsqlCommand(sql, connection, transaction) { Parameters = { new() { Value = head.Id } } };
        foreach (var value in values) command.Parameters.Add(value as NpgsqlParameter ?? new() { Value = value });
        return command;
    }

    /// <summary>Runs a statement whose first parameter is the run, and answers how many rows it changed.</summary>
    public Task<int> ExecuteAsync(string sql, CancellationToken ct, params ReadOnlySpan<object> values) =>
        ExecuteAsync(Command(sql, values), ct);

    /// <summary>Makes it so, and wakes those who follow the run.</summary>
    public async Task CommitAsync(CancellationToken ct)
    {
        if (events.Count > 0)
            await ExecuteAsync(EventsSql, ct,
                events.Count,
                new NpgsqlParameter
                {
                    Value = events.ConvertAll(e => e.Step).ToArray(),
                    NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text
                },
                events.ConvertAll(e => e.Status).ToArray(),
                new NpgsqlParameter
                {
                    Value = events.ConvertAll(e => e.Attempt).ToArray(),
                    NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer
                });
        await transaction.CommitAsync(ct);
        signals.Pulse(head.Id);
        foreach (var (step, status, attempt, error) in events)
        {
            if (step is null) log.RunChanged(head.Id, status);
            else log.StepChanged(head.Id, step, status, attempt, error);
            if (step is null && RunState.IsEnded(status)) metrics.RunEnded(status);
            if (step is not null && RunState.IsEnded(status)) metrics.StepEnded(status);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await transaction.DisposeAsync();
        await connection.DisposeAsync();
    }

    private static async Task<int> ExecuteAsync(NpgsqlCommand command, CancellationToken ct)
    {
        await using (command) return await command.ExecuteNonQueryAsync(ct);
    }
}
