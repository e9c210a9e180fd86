using App.Platform.Database;
using App.Tests.Fixtures;
using Npgsql;

namespace App.Tests.Platform.Database;

/// <summary>Tables that have outgrown what the planner believes of them are analyzed, once.</summary>
public sealed class PlannerStatisticsTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    [Fact]
    public async Task A_table_that_was_known_to_be_empty_is_analyzed_when_it_has_filled_and_not_again()
    {
        await using var postgres = new Postgres(database.ConnectionString, database.ConnectionString, "statistics");
        var statistics = new PlannerStatistics(postgres);
        await ExecuteAsync(postgres, "create table filling (id int primary key)");
        await ExecuteAsync(postgres, "vacuum analyze filling");
        await FillAsync(postgres, 1, 900);
        Assert.DoesNotContain("filling", await statistics.RunOnceAsync(default));

        await FillAsync(postgres, 901, 5000);
        Assert.Contains("filling", await statistics.RunOnceAsync(default));
        Assert.Equal("5000", await BelievedAsync(postgres));
        await FillAsync(postgres, 5001, 9000);
        Assert.DoesNotContain("filling", await statistics.RunOnceAsync(default));
    }

    [OwnRoleFact]
    public async Task Tables_of_others_are_left_to_them()
    {
        await using var postgres = new Postgres(database.ConnectionString, database.ConnectionString, "statistics");
        await using (var admin = new Postgres(database.AdminConnectionString, database.AdminConnectionString, "admin"))
            await ExecuteAsync(admin,
                "create table theirs (id int); insert into theirs select generate_series(1, 5000); select pg_stat_force_next_flush()");
        await ExecuteAsync(postgres,
            "create table ours (id int); insert into ours select generate_series(1, 5000); select pg_stat_force_next_flush()");

        var analyzed = await new PlannerStatistics(postgres).RunOnceAsync(default);

        Assert.Contains("ours", analyzed);
        Assert.DoesNotContain("theirs", analyzed);
    }

    // Counts of rows are told to others late, unless one asks for it.
    private static Task FillAsync(Postgres postgres, int first, int last) => ExecuteAsync(postgres,
        $"insert into filling select generate_series({first}, {last}); select pg_stat_force_next_flush()");

    private static async Task<object?> BelievedAsync(Postgres postgres)
    {
        await using var command = postgres.Source.CreateCommand("select reltuples::bigint::text from pg_class where relname = 'filling'");
        return await command.ExecuteScalarAsync();
    }

    private static async Task ExecuteAsync(Postgres postgres, string sql)
    {
        await using var connection = await postgres.Source.OpenConnectionAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}

/// <summary>A test of what a role that is no superuser may do; where the tests are given one, there is none.</summary>
internal sealed class OwnRoleFactAttribute : FactAttribute
{
    public OwnRoleFactAttribute()
    {
        if (Environment.GetEnvironmentVariable("TEST_DATABASE_URL") is { Length: > 0 })
            Skip = "TEST_DATABASE_URL names a superuser, who may analyze everything.";
    }
}
