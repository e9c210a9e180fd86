using Migrations;
using Npgsql;

namespace App.Platform.Database;

/// <summary>Applies the functions, triggers and views whose files have changed since the database was given them.</summary>
internal static class SchemaFunctions
{
    /// <summary>Applies those of the files that have changed, in their order, and drops signatures. Call it under the migration lock.</summary>
    /// <returns>Names of the files that were applied.</returns>
    public static async Task<IReadOnlyList<string>> ApplyAsync(
        NpgsqlConnection connection, IReadOnlyList<SchemaFunction> files, IReadOnlyList<string> retired, CancellationToken ct)
    {
        var hashes = await HashesAsync(connection, ct);
        var changed = files.Where(file => hashes.GetValueOrDefault(file.Name) != file.Hash).ToList();
        foreach (var file in changed)
        {
            // A transaction each: a trigger locks its table, and two tables locked at once could block the version that still runs.
            await using var transaction = await connection.BeginTransactionAsync(ct);
            await ExecuteAsync(connection, file.Text, ct);
            await using var record = new NpgsqlCommand("""
                insert into schema_functions (name, hash) values ($1, $2)
                on conflict (name) do update set hash = excluded.hash, applied_at = clock_timestamp()
                """, connection) { Parameters = { new() { Value = file.Name }, new() { Value = file.Hash } } };
            await record.ExecuteNonQueryAsync(ct);
            await transaction.CommitAsync(ct);
        }
        foreach (var signature in retired) await ExecuteAsync(connection, $"drop function if exists {signature}", ct);
        return [.. changed.Select(file => file.Name)];
    }

    private static async Task<Dictionary<string, string>> HashesAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        var hashes = new Dictionary<string, string>(StringComparer.Ordinal);
        await using var command = new NpgsqlCommand("select name, hash from schema_functions", connection);
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) hashes.Add(reader.GetString(0), reader.GetString(1));
        return hashes;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 600 };
        await command.ExecuteNonQueryAsync(ct);
    }
}
