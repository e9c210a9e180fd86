using App.Platform.Database;
using App.Tests.Fixtures;
using Migrations;
using Npgsql;

namespace App.Tests.Platform.Database;

/// <summary>Files of functions are applied when they have changed, and what the version before calls stays.</summary>
public sealed class SchemaFunctionsTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    private static readonly SchemaFunction First = new("Planted/planted", "create or replace function planted(a int) returns int language sql as 'select a';");

    // A release later: another signature beside the first.
    private static readonly SchemaFunction Second = new("Planted/planted", """
        create or replace function planted(a int, b int) returns int language sql as 'select a + b';

        create or replace function planted(a int) returns int language sql as 'select planted(a, 10)';
        """);

    // And one more: nobody calls the first any more.
    private static readonly SchemaFunction Third = new("Planted/planted", "create or replace function planted(a int, b int) returns int language sql as 'select a + b';");

    [Fact]
    public async Task A_changed_file_is_applied_again_and_an_old_signature_stays_until_it_is_retired()
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync();

        Assert.Equal(["Planted/planted"], await ApplyAsync(connection, First));
        Assert.Empty(await ApplyAsync(connection, First));
        Assert.Equal(1, await ExecuteAsync(connection, "select planted(1)"));

        Assert.Equal(["Planted/planted"], await ApplyAsync(connection, Second));
        Assert.Equal(11, await ExecuteAsync(connection, "select planted(1)"));
        Assert.Equal(3, await ExecuteAsync(connection, "select planted(1, 2)"));

        Assert.Equal(["Planted/planted"], await ApplyAsync(connection, Third, "planted(int)"));
        Assert.Equal(3, await ExecuteAsync(connection, "select planted(1, 2)"));
        var gone = await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(connection, "select planted(1)"));
        Assert.Equal(PostgresErrorCodes.UndefinedFunction, gone.SqlState);
        Assert.Empty(await ApplyAsync(connection, Third, "planted(int)"));
        await ExecuteAsync(connection, "drop function planted(int, int)");
    }

    [Fact]
    public async Task A_file_that_fails_leaves_nothing_and_is_tried_again()
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync();
        var broken = new SchemaFunction("Planted/broken", "create or replace function broken() returns int language sql as 'select 1'; create or replace view broken as select x;");

        await Assert.ThrowsAsync<PostgresException>(() => ApplyAsync(connection, broken));

        Assert.Equal(0L, await ExecuteAsync(connection, "select count(*) from pg_proc where proname = 'broken'"));
        Assert.Equal(0L, await ExecuteAsync(connection, "select count(*) from schema_functions where name = 'Planted/broken'"));
    }

    [Fact]
    public void A_file_comes_after_those_that_it_names()
    {
        var files = new SchemaFunction[] { new("A/one", "select two(); -- not three"), new("B/two", "select four()"), new("C/three", "select 1"), new("D/four", "select 1") };

        Assert.Equal(["D/four", "B/two", "A/one", "C/three"], SchemaFunction.InOrder(files).Select(file => file.Name));
    }

    [Fact]
    public async Task Every_function_and_view_of_the_database_has_its_file()
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("""
            select distinct proname::text from pg_proc where pronamespace = 'public'::regnamespace and proname <> 'planted'
            union select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'v'
            """, connection);
        var found = new List<string>();
        await using (var reader = await command.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync()) found.Add(reader.GetString(0));
        }
        Assert.Equal(SchemaFunction.All.Select(file => file.Name.Split('/')[1]).Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
    }

    private static Task<IReadOnlyList<string>> ApplyAsync(NpgsqlConnection connection, SchemaFunction file, params string[] retired) =>
        SchemaFunctions.ApplyAsync(connection, [file], retired, CancellationToken.None);

    private static async Task<object?> ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
