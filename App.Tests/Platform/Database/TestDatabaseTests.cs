using App.Platform.Database;
using App.Tests.Fixtures;
using Npgsql;

namespace App.Tests.Platform.Database;

public class TestDatabaseTests
{
    [Fact]
    public async Task Every_database_is_migrated_and_separate_and_gone_after_its_use()
    {
        string first;
        await using (var one = await TestDatabase.CreateAsync())
        await using (var other = await TestDatabase.CreateAsync())
        {
            first = one.ConnectionString;
            await ExecuteAsync(one.ConnectionString, "CREATE TABLE mark (n int)");

            Assert.Equal(0L, await ExecuteAsync(other.ConnectionString, "SELECT count(*) FROM pg_tables WHERE tablename = 'mark'"));
            Assert.Equal(1L,
                await ExecuteAsync(other.ConnectionString, "SELECT count(*) FROM pg_tables WHERE tablename = '__EFMigrationsHistory'"));
        }
        var gone = await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(first, "SELECT 1"));
        Assert.Equal(PostgresErrorCodes.InvalidCatalogName, gone.SqlState);
    }

    [Fact]
    public async Task Another_process_reaches_it_by_its_url()
    {
        await using var database = await TestDatabase.CreateAsync();

        Assert.Equal(1, await ExecuteAsync(DatabaseUrl.Parse(database.Url).ConnectionString!, "SELECT 1"));
    }

    [Fact]
    public async Task A_server_of_its_own_comes_back_at_the_same_address_with_what_was_committed()
    {
        await using var server = await TestDatabaseServer.StartOwnAsync();
        var address = DatabaseUrl.Parse(server.Url).ConnectionString + ";Pooling=false";
        await ExecuteAsync(address, "CREATE TABLE mark AS SELECT 41 AS n");

        server.Kill();
        await server.StartAgainAsync();
        await ExecuteAsync(address, "UPDATE mark SET n = n + 1");
        server.Crash();
        await server.StartAgainAsync();

        Assert.Equal(42, await ExecuteAsync(address, "SELECT n FROM mark"));
    }

    private static async Task<object?> ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
