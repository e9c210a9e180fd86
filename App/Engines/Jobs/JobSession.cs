using App.Platform.Database;
using Npgsql;

namespace App.Engines.Jobs;

/// <summary>A worker's registration: one lease over all jobs that it holds, by the database's clock.</summary>
/// <param name="Worker">Its number, new with each registration, so that what an earlier one held is not confused with it.</param>
internal sealed record JobSession(long Worker)
{
    /// <summary>Registers.</summary>
    public static async Task<JobSession> OpenAsync(Postgres postgres, JobOptions options, CancellationToken ct)
    {
        await using var command = postgres.Source.CreateCommand(
            "insert into job_workers (process, concurrency, lease_expires_at) values ($1, $2, clock_timestamp() + $3) returning id");
        command.Parameters.Add(new() { Value = postgres.ProcessName });
        command.Parameters.Add(new() { Value = options.Concurrency });
        command.Parameters.Add(new() { Value = options.Lease });
        return new JobSession((long)(await command.ExecuteScalarAsync(ct))!);
    }

    /// <summary>Renews the lease, and asks which of its jobs are to be cancelled.</summary>
    /// <returns>Null: the lease is lost.</returns>
    public async Task<IReadOnlyList<long>?> BeatAsync(Postgres postgres, JobOptions options, CancellationToken ct)
    {
        await using var connection = await postgres.Source.OpenConnectionAsync(ct);
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new("update job_workers set lease_expires_at = clock_timestamp() + $2, beat_at = clock_timestamp() where id = $1 "
                    + "and lease_expires_at > clock_timestamp() returning id")
                {
                    Parameters = { new() { Value = Worker }, new() { Value = options.Lease } },
                },
                new("select id from jobs where worker = $1 and cancel_requested") { Parameters = { new() { Value = Worker } } },
            },
        };
        await using var reader = await batch.ExecuteReaderAsync(ct);
        if (!await reader.ReadAsync(ct)) return null;
        await reader.NextResultAsync(ct);
        var cancelled = new List<long>();
        while (await reader.ReadAsync(ct)) cancelled.Add(reader.GetInt64(0));
        return cancelled;
    }

    /// <summary>
    /// What the worker holds by the database's word and for some time: a claim whose answer was lost, with its
    /// connection, may have been made, and nobody would run it.
    /// </summary>
    public async Task<IReadOnlyList<ClaimedJob>> HeldAsync(Postgres postgres, CancellationToken ct)
    {
        await using var command = postgres.Source.CreateCommand("""
            select id, kind, organization, queue, attempt, max_attempts, crashes, claims from jobs
            where worker = $1 and started_at < clock_timestamp() - interval '5 s'
            """);
        command.Parameters.Add(new() { Value = Worker });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var held = new List<ClaimedJob>();
        while (await reader.ReadAsync(ct))
            held.Add(new ClaimedJob(reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), "",
                reader.GetInt32(4), reader.GetInt32(5), Guarded: true, reader.GetInt16(6), reader.GetInt32(7)));
        return held;
    }

    /// <summary>Ends the registration, with nothing held any more.</summary>
    public async Task CloseAsync(Postgres postgres, CancellationToken ct)
    {
        await using var command =
            postgres.Source.CreateCommand("delete from job_workers w where w.id = $1 and not exists (select from jobs where worker = $1)");
        command.Parameters.Add(new() { Value = Worker });
        if (await command.ExecuteNonQueryAsync(ct) > 0) return;
        // Something is still held: let it be rescued at once, charged to nobody.
        await using var leave = postgres.Source.CreateCommand("""
            with left_over as (update jobs set ahead = true where worker = $1)
            update job_workers set lease_expires_at = clock_timestamp() where id = $1
            """);
        leave.Parameters.Add(new() { Value = Worker });
        await leave.ExecuteNonQueryAsync(ct);
    }
}
