using App.Platform.Database.Embedded;
using Microsoft.EntityFrameworkCore;
using Migrations;
using Npgsql;

namespace App.Tests.Fixtures;

/// <summary>
/// A PostgreSQL of its own with one migrated database, for tests that kill it. Address and password stay the same over
/// all its lives.
/// </summary>
public sealed class TestDatabaseServer : IAsyncDisposable
{
    private readonly TestFolder folder;
    private EmbeddedServer server;

    private TestDatabaseServer(TestFolder folder, EmbeddedServer server) => (this.folder, this.server) = (folder, server);

    /// <summary>An Npgsql connection string of the application's role.</summary>
    public string ConnectionString => server.ConnectionString;

    /// <summary>The superuser's connection string.</summary>
    public string AdminConnectionString => server.AdminConnectionString;

    /// <summary>The same database as <c>postgres://…</c> over loopback, for child processes.</summary>
    public string Url => server.Url(EmbeddedServer.Application, EmbeddedServer.Application);

    /// <summary>The postmaster's pid.</summary>
    public int ProcessId => server.ProcessId;

    /// <summary>Starts one.</summary>
    /// <param name="durable">Whether fsync is on.</param>
    public static async Task<TestDatabaseServer> StartOwnAsync(bool durable = false)
    {
        var folder = TestFolder.Create();
        var server = await EmbeddedServer.StartAsync(new() { DataDirectory = folder.Path, ListenOnLoopback = true, Durable = durable });
        await using var schema = SchemaContext.Connect(new NpgsqlConnectionStringBuilder(server.ConnectionString) { Pooling = false }.ConnectionString);
        await schema.Database.MigrateAsync();
        return new(folder, server);
    }

    /// <summary>Ends all sessions and the server at once without a checkpoint (SIGQUIT); the next start recovers.</summary>
    public void Crash() => Posix.Signal(ProcessId, Posix.Quit);

    /// <summary><c>kill -9</c> of the postmaster, whose children then end by themselves.</summary>
    public void Kill() => Posix.Signal(ProcessId, Posix.Kill);

    /// <summary>Stops the server if it still runs, and starts it at the same address.</summary>
    public async Task StartAgainAsync()
    {
        var options = new EmbeddedOptions { DataDirectory = folder.Path, ListenOnLoopback = true, Port = server.Port, Durable = server.IsDurable };
        await server.DisposeAsync();
        server = await EmbeddedServer.StartAsync(options);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await using (var pooled = new NpgsqlConnection(ConnectionString)) NpgsqlConnection.ClearPool(pooled);
        await server.DisposeAsync();
        folder.Dispose();
    }
}
