using App.Platform.Database;

namespace App.Engines.Jobs.Upkeep;

/// <summary>Something that keeps rows which were deleted or changed since it began from being vacuumed.</summary>
/// <param name="Holder">transaction, prepared transaction or replication slot.</param>
/// <param name="Pid">Process of the session, if it has one.</param>
/// <param name="Name">The session's application_name, the prepared transaction's or the slot's name.</param>
/// <param name="State">Of the session, such as <c>idle in transaction</c>.</param>
/// <param name="Seconds">For how long; null for a slot, of which only transactions are known.</param>
/// <param name="Transactions">How many transactions have begun since.</param>
internal sealed record Pin(string Holder, int? Pid, string Name, string State, double? Seconds, long Transactions)
{
    /// <summary>As a sentence of <c>/health</c>.</summary>
    public override string ToString() =>
        $"{Holder} {(Pid is { } pid ? $"of pid {pid} ('{Name}', {State})" : $"'{Name}' ({State})")} "
        + $"for {(Seconds is { } s ? $"{s / 60:0.#} min" : $"{Transactions} transactions")}";
}

/// <summary>
/// Finds what pins dead rows. A queue makes as many dead rows as it runs jobs, and every claim wades through those that
/// cannot be vacuumed away: one forgotten transaction makes the whole queue slow, and nothing else would name it.
/// </summary>
internal sealed class JobPins(Postgres postgres, JobOptions options)
{
    // A slot does not tell for how long; on a busy queue these are a few minutes.
    private const int ManyTransactions = 100_000;

    // Other databases' transactions pin nothing here, and vacuum itself pins nothing. Sessions of other roles are seen only
    // with the rights of pg_read_all_stats.
    private const string Sql = """
        select 'transaction', pid, coalesce(nullif(application_name, ''), usename, backend_type, ''),
            coalesce(state, backend_type, 'unknown'),
            extract(epoch from clock_timestamp() - xact_start)::float8, greatest(age(backend_xmin), age(backend_xid))::bigint
        from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and (backend_xmin is not null or backend_xid is not null)
            and clock_timestamp() - xact_start > $1 and backend_type <> 'autovacuum worker' and query !~* '^\s*vacuum'
        union all
        select 'prepared transaction', null, gid, 'prepared', extract(epoch from clock_timestamp() - prepared)::float8,
            age(transaction)::bigint
        from pg_prepared_xacts where database = current_database() and clock_timestamp() - prepared > $1
        union all
        select 'replication slot', active_pid, slot_name, case when active then 'active' else 'inactive' end, null, age(xmin)::bigint
        from pg_replication_slots where age(xmin) > $2
        order by 5 desc nulls last, 6 desc
        limit 10
        """;

    /// <summary>Those that have pinned rows for longer than is ordinary, the longest first.</summary>
    public async Task<IReadOnlyList<Pin>> FindAsync(CancellationToken ct)
    {
        await using var command = postgres.Source.CreateCommand(Sql);
        command.Parameters.Add(new() { Value = options.PinnedAfter });
        command.Parameters.Add(new() { Value = ManyTransactions });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var pins = new List<Pin>();
        while (await reader.ReadAsync(ct))
            pins.Add(
                new(reader.GetString(0), reader[1] as int?, reader.GetString(2), reader.GetString(3),
                    reader[4] is double seconds ? Math.Round(seconds) : null, reader[5] as long? ?? 0));
        return pins;
    }
}
