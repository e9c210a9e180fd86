using Npgsql;

namespace App.Platform.Database;

/// <summary>
/// Has this application's tables analyzed that have far more rows than the planner believes. Plans are kept as long as a session, and one
/// that
/// was made for an empty table reads all of it over and over when there are thousands of rows. Autovacuum analyzes once a
/// minute at most, which is long for a queue that fills within a second; analyzing also has every session plan anew.
/// </summary>
internal sealed class PlannerStatistics(Postgres postgres)
{
    private const int Many = 1000;
    private const int Times = 4;

    /// <summary>One tick.</summary>
    /// <returns>The tables that were analyzed.</returns>
    public async Task<IReadOnlyList<string>> RunOnceAsync(CancellationToken ct)
    {
        var outgrown = await OutgrownAsync(ct);
        foreach (var table in outgrown)
        {
            // One that is being vacuumed or analyzed just now is looked at again at the next tick.
            await using var analyze = postgres.Source.CreateCommand($"analyze (skip_locked) {table}");
            await analyze.ExecuteNonQueryAsync(ct);
        }
        return outgrown;
    }

    private async Task<IReadOnlyList<string>> OutgrownAsync(CancellationToken ct)
    {
        await using var command = postgres.Source.CreateCommand("""
            select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = current_schema() and c.relkind = 'r' and pg_has_role(c.relowner, 'usage')
                and pg_stat_get_live_tuples(c.oid) > greatest($1::bigint, $2::bigint * c.reltuples)
            """);
        command.Parameters.AddRange(new NpgsqlParameter[] { new() { Value = (long)Many }, new() { Value = (long)Times } });
        var tables = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) tables.Add(reader.GetString(0));
        return tables;
    }
}
