using App.Platform.Database;
using Npgsql;

namespace App.Tests.Fixtures;

/// <summary>
/// A fresh, migrated database on the PostgreSQL of this test process, cloned from a template in tens of milliseconds and
/// dropped on dispose. Use it as <c>IClassFixture&lt;TestDatabase&gt;</c> or by <see cref="CreateAsync"/>.
/// </summary>
public sealed class TestDatabase : IAsyncLifetime, IAsyncDisposable
{
    private string? name;

    /// <summary>An Npgsql connection string.</summary>
    public string ConnectionString { get; private set; } = "";

    /// <summary>The superuser's connection string.</summary>
    public string AdminConnectionString { get; private set; } = "";

    /// <summary>The same as <c>postgres://…</c>, for child processes: what <c>DATABASE_URL</c> takes.</summary>
    public string Url => DatabaseUrl.Format(ConnectionString);

    /// <summary>Makes one.</summary>
    public static async Task<TestDatabase> CreateAsync()
    {
        var database = new TestDatabase();
        await database.InitializeAsync();
        return database;
    }

    /// <summary>Makes one that no migration has touched.</summary>
    public static async Task<TestDatabase> CreateEmptyAsync()
    {
        var database = new TestDatabase();
        await database.StartAsync(empty: true);
        return database;
    }

    /// <inheritdoc/>
    public Task InitializeAsync() => StartAsync(empty: false);

    private async Task StartAsync(bool empty)
    {
        var host = await TestDatabaseHost.OfProcessAsync();
        name = $"test_{Guid.NewGuid():N}";
        ConnectionString = await (empty ? host.CreateEmptyAsync(name) : host.CloneTemplateAsync(name));
        AdminConnectionString = host.AdminConnectionString(name);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (name is null) return;
        await using (var pooled = new NpgsqlConnection(ConnectionString)) NpgsqlConnection.ClearPool(pooled);
        await (await TestDatabaseHost.OfProcessAsync()).DropAsync(name);
        name = null;
    }

    /// <inheritdoc/>
    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();
}
