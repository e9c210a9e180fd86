using App.Tests.Fixtures;
using Hangfire.PostgreSql;
using Npgsql;

namespace App.Tests.Engines.Background;

/// <summary>Our migration makes the tables of Hangfire as the package that is used would make them itself.</summary>
public sealed class HangfireSchemaTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    private const string Shape = """
        select string_agg(line, E'\n' order by line) from (
            select concat_ws(' ', table_name, column_name, data_type, is_nullable, replace(column_default, 'packaged', 'hangfire')) as line
                from information_schema.columns where table_schema = $1
            union all
            select replace(indexdef, 'packaged', 'hangfire') from pg_indexes where schemaname = $1
            union all
            select concat_ws(' ', replace(c.conrelid::regclass::text, 'packaged', 'hangfire'), c.conname,
                replace(pg_get_constraintdef(c.oid), 'packaged', 'hangfire')) from pg_constraint c
                    join pg_namespace n on n.oid = c.connamespace
            where n.nspname = $1 and c.contype <> 'n'
        ) shape
        """;

    [Fact]
    public async Task The_tables_are_those_of_the_package()
    {
        await using var connection = new NpgsqlConnection(database.AdminConnectionString);
        await connection.OpenAsync();
        PostgreSqlObjectsInstaller.Install(connection, "packaged");
        Assert.Equal(await ShapeAsync("packaged"), await ShapeAsync("hangfire"));
        Assert.Equal(await VersionAsync("packaged"), await VersionAsync("hangfire"));

        async Task<string> ShapeAsync(string schema)
        {
            await using var command = new NpgsqlCommand(Shape, connection) { Parameters = { new() { Value = schema } } };
            return (string)(await command.ExecuteScalarAsync())!;
        }

        async Task<int> VersionAsync(string schema)
        {
            await using var command = new NpgsqlCommand($"select version from {schema}.schema", connection);
            return (int)(await command.ExecuteScalarAsync())!;
        }
    }
}
