using App.Engines.Jobs;
using App.Runs.Plans;
using Npgsql;
using NpgsqlTypes;

namespace App.Runs.Execution;

/// <summary>Makes runs, and opens them for changes.</summary>
internal sealed class RunStore(NpgsqlDataSource source, JobQueue queue, RunSignals signals, RunMetrics metrics, RunLog log)
{
    // A transaction's lock, so that it works through PgBouncer and goes with its connection. It waits for nobody: who
    // does not get it is told that the first request is in flight.
    private const string LockKeySql = "select pg_try_advisory_xact_lock(hashtextextended($1 || E'\\n' || $2, 20261122))";

    private const string FindKeySql = """
        select r.id, r.payload_hash, exists (select from run_steps s where s.run_id = r.id) from runs r where r.organization = $1
            and r.idempotency_key = $2
        """;

    private const string InsertRunSql = """
        insert into runs (id, organization, goal, priority, status, idempotency_key, payload_hash)
            values ($1, $2, $3, $4, 'pending', $5, $6)
        """;

    private const string InsertStepsSql = """
        insert into run_steps (run_id, position, name, handler, input, depends_on, timeout_ms, max_attempts, continue_on_error)
        select $1, n.position - 1, n.name, n.handler, n.input, string_to_array(n.depends_on, ','), n.timeout_ms, n.max_attempts, n.continues
        from unnest($2, $3, $4::json[], $5, $6, $7, $8) with ordinality as n(name, handler, input, depends_on, timeout_ms, max_attempts,
            continues, position)
        """;

    /// <summary>Stores a plan and queues the steps that need not wait, in one commit.</summary>
    /// <param name="organization">Whose it is.</param>
    /// <param name="plan">In order.</param>
    /// <param name="key">The sender's idempotency key, and a hash of what was sent with it.</param>
    /// <param name="ct">Gives up.</param>
    public async Task<RunReceipt> CreateAsync(string organization, Plan plan, (string Key, byte[] Hash)? key, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        if (key is { } sent && await FindAsync(connection, organization, sent.Key, sent.Hash, ct) is { } before) return before;

        var head = new RunHead(Guid.CreateVersion7(), organization, plan.Goal, plan.Priority, RunState.Pending);
        await using (var insert = new NpgsqlCommand(InsertRunSql, connection, transaction)
        {
            Parameters =
            {
                new() { Value = head.Id },
                new() { Value = organization },
                new() { Value = plan.Goal },
                new() { Value = plan.Priority },
                new() { Value = key is { } k ? k.Key : DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text },
                new() { Value = key is { } h ? h.Hash : DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bytea },
            },
        }) await insert.ExecuteNonQueryAsync(ct);
        if (plan.Steps.Count > 0) await InsertStepsAsync(connection, transaction, head.Id, plan.Steps, ct);

        await using var change = new RunChange(connection, transaction, head, queue, signals, metrics, log);
        change.Note(null, RunState.Pending, null);
        await change.AdvanceAsync(ct);
        await change.CommitAsync(ct);
        return new RunReceipt(RunReceiptKind.Created, head.Id, plan.Steps.Count == 0 ? RunState.Succeeded : RunState.Pending);
    }

    /// <summary>Opens a run for a change: until it ends, everybody else who would change the run waits.</summary>
    /// <param name="run">The run.</param>
    /// <param name="organization">Whose it must be; null: anybody's.</param>
    /// <param name="ct">Gives up.</param>
    /// <returns>Null: there is no such run.</returns>
    public async Task<RunChange?> OpenAsync(Guid run, string? organization, CancellationToken ct)
    {
        var connection = await source.OpenConnectionAsync(ct);
        NpgsqlTransaction? transaction = null;
        try
        {
            transaction = await connection.BeginTransactionAsync(ct);
            if (await LockAsync(connection, transaction, run, ct) is { } head
                && (organization is null || head.Organization == organization))
            {
                var change = new RunChange(connection, transaction, head, queue, signals, metrics, log);
                (connection, transaction) = (null!, null);
                return change;
            }
            return null;
        }
        finally
        {
            if (transaction is not null) await transaction.DisposeAsync();
            if (connection is not null) await connection.DisposeAsync();
        }
    }

    private static async Task<RunHead?> LockAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Guid run,
        CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("select organization, goal, priority, status from runs where id = $1 for update",
            connection, transaction);
        command.Parameters.Add(new() { Value = run });
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await reader.ReadAsync(ct)
            ? new RunHead(run, reader.GetString(0), reader.GetString(1), reader.GetInt32(2), reader.GetString(3)) : null;
    }

    private static async Task<RunReceipt?> FindAsync(NpgsqlConnection connection, string organization, string key, byte[] hash,
        CancellationToken ct)
    {
        await using (var @lock = new NpgsqlCommand(LockKeySql,
            connection)
        { Parameters = { new() { Value = organization }, new() { Value = key } } })
            if (await @lock.ExecuteScalarAsync(ct) is false) return new RunReceipt(RunReceiptKind.InFlight, default, "");
        await using var find = new NpgsqlCommand(FindKeySql,
            connection)
        { Parameters = { new() { Value = organization }, new() { Value = key } } };
        await using var reader = await find.ExecuteReaderAsync(ct);
        if (!await reader.ReadAsync(ct)) return null;
        return reader.GetFieldValue<byte[]>(1).AsSpan().SequenceEqual(hash)
            ? new RunReceipt(RunReceiptKind.Created, reader.GetGuid(0), reader.GetBoolean(2) ? RunState.Pending : RunState.Succeeded)
            : new RunReceipt(RunReceiptKind.OtherPayload, reader.GetGuid(0), "");
    }

    private static async Task InsertStepsAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Guid run,
        IReadOnlyList<PlanStep> steps, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(InsertStepsSql, connection, transaction)
        {
            Parameters =
            {
                new() { Value = run },
                new() { Value = steps.Select(step => step.Name).ToArray() },
                new() { Value = steps.Select(step => step.Handler).ToArray() },
                new() { Value = steps.Select(step => step.Input.GetRawText()).ToArray() },
                new() { Value = steps.Select(step => string.Join(',', step.DependsOn)).ToArray() },
                new() { Value = steps.Select(step => step.TimeoutMs).ToArray() },
                new() { Value = steps.Select(step => step.MaxAttempts).ToArray() },
                new() { Value = steps.Select(step => step.ContinueOnError).ToArray() },
            },
        };
        await command.ExecuteNonQueryAsync(ct);
    }
}

/// <summary>What became of a request for a run.</summary>
internal enum RunReceiptKind
{
    /// <summary>Made now, or by an earlier request with the same key and payload, whose answer this is.</summary>
    Created,

    /// <summary>Another request with the same key has not ended yet.</summary>
    InFlight,

    /// <summary>The key was used with another payload.</summary>
    OtherPayload,
}

/// <summary>The answer to a request for a run.</summary>
/// <param name="Kind">What became of it.</param>
/// <param name="Id">The run.</param>
/// <param name="Status">The status that it was made with.</param>
internal sealed record RunReceipt(RunReceiptKind Kind, Guid Id, string Status);

/// <summary>A run as a change sees it.</summary>
/// <param name="Id">Identity.</param>
/// <param name="Organization">Whose it is.</param>
/// <param name="Goal">In its sender's words.</param>
/// <param name="Priority">Lower runs sooner.</param>
/// <param name="Status">When the change began.</param>
internal sealed record RunHead(Guid Id, string Organization, string Goal, int Priority, string Status);
