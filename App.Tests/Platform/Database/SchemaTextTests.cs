using App.Platform.Database;
using App.Tests.Architecture;
using App.Tests.Fixtures;
using Npgsql;

namespace App.Tests.Platform.Database;

/// <summary><c>Migrations/schema.sql</c> is the whole schema.</summary>
public sealed class SchemaTextTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    private static readonly string Written = File.ReadAllText(Path.Combine(Sources.Root, "Migrations/schema.sql")).ReplaceLineEndings("\n");

    [Fact]
    public async Task It_is_what_migrations_and_functions_make()
    {
        var current = await SchemaText.ReadAsync(database.ConnectionString, CancellationToken.None);

        Assert.True(current == Written, "Migrations/schema.sql is not the schema of this build: run `App migrate --write-schema Migrations/schema.sql`. "
            + $"The first line that differs: {current.Split('\n').Except(Written.Split('\n')).FirstOrDefault()}");
    }

    [Fact]
    public async Task It_makes_the_schema_in_an_empty_database()
    {
        await using var empty = await TestDatabase.CreateEmptyAsync();
        await using (var source = NpgsqlDataSource.Create(empty.ConnectionString))
        await using (var command = source.CreateCommand(Written)) await command.ExecuteNonQueryAsync();

        var again = await SchemaText.ReadAsync(empty.ConnectionString, CancellationToken.None);

        // PostgreSQL writes "a between b and c and d" with brackets, and reads that as one list of conditions.
        Assert.Equal(Bare(Written), Bare(again));
    }

    private static string Bare(string sql) => sql.Replace("(", "").Replace(")", "");
}
