using App.Platform.Serving;
using Microsoft.EntityFrameworkCore;
using Migrations;
using Npgsql;

namespace App.Platform.Database;

/// <summary>
/// Brings the schema up to this build: first migrations, then the functions that have changed. Whether there is anything to do
/// is found with one plain query, so that a start on a current schema does not pay for EF; one process applies at a time, so
/// several may start at once.
/// </summary>
internal static class SchemaMigration
{
    // Any number that nobody else locks.
    private const long Turns = 8371_0000;

    /// <summary>Applies what is pending.</summary>
    /// <returns>Names of the migrations and functions that this call has applied.</returns>
    /// <exception cref="UnavailableException">The database is older than this build can start from.</exception>
    public static async Task<IReadOnlyList<string>> ApplyAsync(string connectionString, CancellationToken ct)
    {
        // Used once at start: a pool would keep the connection open for nothing.
        var unpooled = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString;
        await using var connection = new NpgsqlConnection(unpooled);
        await connection.OpenAsync(ct);
        if (await IsCurrentAsync(connection, ct)) return [];
        // EF's own lock ends with each migration, and between two of them another process would begin with the second. This one
        // ends with the connection.
        await ExecuteAsync(connection, $"select pg_advisory_lock({Turns})", ct);
        if (await IsCurrentAsync(connection, ct)) return [];
        var migrations = await PendingAsync(connection, ct);
        if (migrations.Count > 0)
        {
            await using var context = SchemaContext.Connect(unpooled);
            await context.Database.MigrateAsync(ct);
        }
        var functions = await SchemaFunctions.ApplyAsync(connection, SchemaFunction.All, SchemaFunction.Retired, ct);
        await ExecuteAsync(connection, $"insert into schema_versions (fingerprint) values ('{SchemaVersion.Fingerprint}')", ct);
        return [.. migrations, .. functions];
    }

    private static async Task<bool> IsCurrentAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand($"select from schema_versions where fingerprint = '{SchemaVersion.Fingerprint}'", connection);
        try
        {
            await using var reader = await command.ExecuteReaderAsync(ct);
            return await reader.ReadAsync(ct);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            return false;
        }
    }

    // Migrations that the database has not had; the baseline is not among them where earlier migrations have done its work.
    private static async Task<IReadOnlyList<string>> PendingAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        var applied = await AppliedAsync(connection, ct);
        if (applied.Count > 0 && !applied.Contains(M20261129_Baseline.Id))
        {
            if (!applied.Contains(M20261129_Baseline.LastReplaced))
            {
                throw new UnavailableException(
                    $"The database is at migration {applied.Max}, and this build starts from {M20261129_Baseline.LastReplaced}. "
                    + $"Start the build before this one first, that of the commit \"{M20261129_Baseline.CommitBefore}\": it applies what is missing.");
            }
            await ExecuteAsync(connection, $"""
                insert into "__EFMigrationsHistory" ("MigrationId", "ProductVersion")
                select '{M20261129_Baseline.Id}', "ProductVersion" from "__EFMigrationsHistory" where "MigrationId" = '{M20261129_Baseline.LastReplaced}'
                """, ct);
            applied.Add(M20261129_Baseline.Id);
        }
        return [.. SchemaVersion.Migrations.Where(id => !applied.Contains(id))];
    }

    private static async Task<SortedSet<string>> AppliedAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        var applied = new SortedSet<string>(StringComparer.Ordinal);
        await using var command = new NpgsqlCommand("select \"MigrationId\" from \"__EFMigrationsHistory\"", connection);
        try
        {
            await using var reader = await command.ExecuteReaderAsync(ct);
            while (await reader.ReadAsync(ct)) applied.Add(reader.GetString(0));
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            // A database that no migration has touched.
        }
        return applied;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(ct);
    }
}
