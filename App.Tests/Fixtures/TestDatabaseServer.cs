using App.Development.Embedded;
using App.Platform.Database;
using Npgsql;

namespace App.Tests.Fixtures;

/// <summary>
/// A PostgreSQL of its own with one migrated database, for tests that kill it. Address and password stay the same over
/// all its lives.
/// </summary>
public sealed class TestDatabaseServer : IAsyncDisposable
{
    /// <summary>The application's role, and the name of its database.</summary>
    public const string Role = EmbeddedServer.Application;

    /// <summary>A statement that ends all sessions of the application's role, for <see cref="AdministerAsync"/>.</summary>
    public const string EndSessions = $"select pg_terminate_backend(pid) from pg_stat_activity where usename = '{Role}'";

    private readonly TestFolder data;
    private EmbeddedServer current;

    private TestDatabaseServer(TestFolder data, EmbeddedServer current) => (this.data, this.current) = (data, current);

    /// <summary>An Npgsql connection string of the application's role.</summary>
    public string ConnectionString => current.ConnectionString;

    /// <summary>The superuser's connection string.</summary>
    public string AdminConnectionString => current.AdminConnectionString;

    /// <summary>The same database as <c>postgres://…</c> over loopback, for child processes.</summary>
    public string Url => current.Url(EmbeddedServer.Application, EmbeddedServer.Application);

    /// <summary>The postmaster's pid.</summary>
    public int ProcessId => current.ProcessId;

    /// <summary>Starts one.</summary>
    /// <param name="durable">Whether fsync is on.</param>
    public static async Task<TestDatabaseServer> StartOwnAsync(bool durable = false)
    {
        var folder = TestFolder.Create();
        var server = await EmbeddedServer.StartAsync(new() { DataDirectory = folder.Path, ListenOnLoopback = true, Durable = durable });
        await SchemaMigration.ApplyAsync(server.ConnectionString, CancellationToken.None);
        return new(folder, server);
    }

    /// <summary>Ends all sessions and the server at once without a checkpoint (SIGQUIT); the next start recovers.</summary>
    public void Crash() => Posix.Signal(ProcessId, Posix.Quit);

    /// <summary><c>kill -9</c> of the postmaster, whose children then end by themselves.</summary>
    public void Kill() => Posix.Signal(ProcessId, Posix.Kill);

    /// <summary>Runs statements as the superuser, from a database that the application does not use.</summary>
    public async Task AdministerAsync(params string[] statements)
    {
        await using var connection =
            new NpgsqlConnection(new NpgsqlConnectionStringBuilder(AdminConnectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        foreach (var statement in statements)
        {
            await using var command = new NpgsqlCommand(statement, connection);
            await command.ExecuteNonQueryAsync();
        }
    }

    /// <summary>Stops the server if it still runs, and starts it at the same address.</summary>
    public async Task StartAgainAsync()
    {
        var options = new EmbeddedOptions
        {
            DataDirectory = data.Path,
            ListenOnLoopback = true,
            Port = current.Port,
            Durable = current.IsDurable
        };
        await current.DisposeAsync();
        current = await EmbeddedServer.StartAsync(options);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await using (var pooled = new NpgsqlConnection(ConnectionString)) NpgsqlConnection.ClearPool(pooled);
        await current.DisposeAsync();
        data.Dispose();
    }
}
