using App.Platform.Database;
using App.Platform.Serving;
using App.Tests.Fixtures;
using App.Tests.Platform.Serving;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Migrations;
using Npgsql;

namespace App.Tests.Platform.Database;

/// <summary>How a database comes to the schema of this build.</summary>
public sealed class SchemaMigrationTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task An_empty_database_is_given_everything_once()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();

        var applied = await SchemaMigration.ApplyAsync(database.ConnectionString, None);

        Assert.Equal([.. SchemaVersion.Migrations, .. SchemaFunction.All.Select(file => file.Name)], applied);
        Assert.Empty(await SchemaMigration.ApplyAsync(database.ConnectionString, None));
    }

    [Fact]
    public async Task Of_two_processes_that_start_at_once_one_applies_and_the_other_waits()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();

        var results = await Task.WhenAll(MigrateAsync(database), MigrateAsync(database));

        Assert.All(results, result => Assert.Equal((0, ""), (result.Code, result.Error)));
        Assert.Single(results, result => result.Out.StartsWith($"Applied {M20261129_Baseline.Id}, ", StringComparison.Ordinal));
        Assert.Single(results, result => result.Out.StartsWith("The schema is current.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_database_at_the_last_migration_that_the_baseline_replaces_keeps_its_data()
    {
        await using var database = await AtOldMigrationAsync("20261124000001_JobRuns", M20261129_Baseline.LastReplaced);
        await ExecuteAsync(database, "insert into buildings (organization, building_id, shard) values ('default', 'house', 3)");

        var applied = await SchemaMigration.ApplyAsync(database.ConnectionString, None);

        Assert.Equal([.. SchemaVersion.Migrations.Skip(1), .. SchemaFunction.All.Select(file => file.Name)], applied);
        Assert.Equal("house", await ExecuteAsync(database, "select building_id from buildings"));
        // Those of the build before stay, so that it finds nothing to do if it is started again.
        Assert.Equal(2L + SchemaVersion.Migrations.Count, await ExecuteAsync(database, "select count(*) from \"__EFMigrationsHistory\""));
    }

    [Fact]
    public async Task An_older_database_is_refused_with_the_cure_and_left_as_it_is()
    {
        await using var database = await AtOldMigrationAsync("20261123000000_Messages");

        var refused = await Assert.ThrowsAsync<UnavailableException>(() => SchemaMigration.ApplyAsync(database.ConnectionString, None));

        Assert.Equal("The database is at migration 20261123000000_Messages, and this build starts from 20261126000000_Announcements. "
            + "Start the build before this one first, that of the commit "
            + "\"Packages: ONNX Runtime from NuGet, every package at its current version\": it applies what is missing.", refused.Message);
        Assert.Equal(1L, await ExecuteAsync(database, "select count(*) from \"__EFMigrationsHistory\""));
        var command = await MigrateAsync(database);
        Assert.Equal((69, refused.Message), (command.Code, command.Error.Trim()));
    }

    [Fact]
    public async Task A_build_that_is_started_again_after_a_later_one_puts_nothing_back()
    {
        await using var database = await TestDatabase.CreateAsync();
        // What a later build does: other text, another hash, and its own fingerprint.
        await ExecuteAsync(database, "create or replace function jobs_wake_order(in_key text) returns void language sql as 'select'");
        await ExecuteAsync(database, "update schema_functions set hash = 'later' where name = 'Jobs/jobs_wake_order'");
        await ExecuteAsync(database, "insert into schema_versions (fingerprint) values ('later')");

        Assert.Empty(await SchemaMigration.ApplyAsync(database.ConnectionString, None));

        Assert.Equal("select", await ExecuteAsync(database, "select prosrc from pg_proc where proname = 'jobs_wake_order'"));
    }

    private static Task<CommandResult> MigrateAsync(TestDatabase database) =>
        AppCommand.RunAsync("migrate", ("DATABASE_URL", database.Url));

    // The tables are those of the baseline, the history is that of the migrations that it replaces.
    private static async Task<TestDatabase> AtOldMigrationAsync(params string[] migrations)
    {
        var database = await TestDatabase.CreateEmptyAsync();
        await using (var context = SchemaContext.Connect(database.ConnectionString))
            await context.GetService<IMigrator>().MigrateAsync(M20261129_Baseline.Id);
        await ExecuteAsync(database, "delete from \"__EFMigrationsHistory\"");
        foreach (var id in migrations) await ExecuteAsync(database, $"insert into \"__EFMigrationsHistory\" values ('{id}', '10.0.0')");
        return database;
    }

    private static async Task<object?> ExecuteAsync(TestDatabase database, string sql)
    {
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }
}
