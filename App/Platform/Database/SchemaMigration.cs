using System.Reflection;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Migrations;
using Migrations;
using Npgsql;

namespace App.Platform.Database;

/// <summary>
/// Brings the schema up to this build. What is pending is found with one plain query, so that a start on a current
/// schema does not pay for EF; one process applies at a time, so several may start at once.
/// </summary>
internal static class SchemaMigration
{
    // Any number that nobody else locks.
    private const long Turns = 8371_0000;

    private static readonly string[] Known =
    [
        .. typeof(SchemaContext).Assembly.GetTypes()
            .Select(type => type.GetCustomAttribute<MigrationAttribute>()?.Id)
            .OfType<string>()
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>Applies what is pending.</summary>
    /// <returns>Names of the migrations that were pending when it began.</returns>
    public static async Task<IReadOnlyList<string>> ApplyAsync(string connectionString, CancellationToken ct)
    {
        var pending = await PendingAsync(connectionString, ct);
        if (pending.Count == 0) return pending;
        // EF's own lock ends with each migration, and between two of them another process would begin with the second.
        await using var turn = new NpgsqlConnection(Unpooled(connectionString));
        await turn.OpenAsync(ct);
        await using (var take = new NpgsqlCommand($"select pg_advisory_lock({Turns})", turn) { CommandTimeout = 0 }) await take.ExecuteNonQueryAsync(ct);
        if ((await PendingAsync(connectionString, ct)).Count == 0) return pending;
        await using var context = SchemaContext.Connect(Unpooled(connectionString));
        await context.Database.MigrateAsync(ct);
        return pending;
    }

    /// <summary>Migrations of this build that the database has not had.</summary>
    public static async Task<IReadOnlyList<string>> PendingAsync(string connectionString, CancellationToken ct)
    {
        await using var connection = new NpgsqlConnection(Unpooled(connectionString));
        await connection.OpenAsync(ct);
        await using var command = new NpgsqlCommand("select \"MigrationId\" from \"__EFMigrationsHistory\"", connection);
        var applied = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            await using var reader = await command.ExecuteReaderAsync(ct);
            while (await reader.ReadAsync(ct)) applied.Add(reader.GetString(0));
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            // A database that no migration has touched.
        }
        return [.. Known.Where(id => !applied.Contains(id))];
    }

    // Used once at start: a pool would keep the connection open for nothing.
    private static string Unpooled(string connectionString) => new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString;
}
