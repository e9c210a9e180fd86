using App.Platform.Database;
using App.Tests.Fixtures;
using Npgsql;

namespace App.Tests.Platform.Database;

/// <summary>How a process connects.</summary>
public sealed class PostgresTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    [Theory]
    [InlineData("", 5)]
    [InlineData("&connect_timeout=77", 77)]
    public async Task Every_connection_waits_as_long_as_the_URL_says_and_five_seconds_without(string parameter, int seconds)
    {
        var builder = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        builder.Remove("Timeout");
        var connection = DatabaseUrl.Parse(DatabaseUrl.Format(builder.ConnectionString) + parameter).ConnectionString!;
        await using var postgres = new Postgres(connection, connection, Postgres.NewProcessName());
        await using var own = await postgres.OpenOwnAsync("test", default);
        await using var pooled = await postgres.Source.OpenConnectionAsync();
        Assert.Equal((seconds, seconds), (own.ConnectionTimeout, pooled.ConnectionTimeout));
    }

    [Fact]
    public async Task A_pool_is_bounded_and_notices_a_database_that_is_gone()
    {
        await using var postgres = new Postgres(database.ConnectionString, database.ConnectionString, Postgres.NewProcessName());
        var pool = new NpgsqlConnectionStringBuilder(postgres.Source.ConnectionString);
        Assert.Equal((40, 10), (pool.MaxPoolSize, pool.KeepAlive));
    }

    [Fact]
    public void A_URL_that_is_handed_on_keeps_how_long_to_wait() =>
        Assert.Equal(120, new NpgsqlConnectionStringBuilder(DatabaseUrl.Parse(database.Url).ConnectionString).Timeout);
}
