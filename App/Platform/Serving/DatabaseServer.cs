using App.Platform.Auth;
using App.Platform.Configuration;
using App.Platform.Database;
using Npgsql;

namespace App.Platform.Serving;

/// <summary>Starts a PostgreSQL that lives as long as this process, for development.</summary>
/// <exception cref="UnavailableException">It cannot be started.</exception>
internal delegate Task<EmbeddedDatabase> StartEmbedded(CancellationToken ct);

/// <summary>A PostgreSQL of this process.</summary>
/// <param name="ConnectionString">Connects the application's role to its database.</param>
/// <param name="Server">Stops the server when disposed.</param>
internal sealed record EmbeddedDatabase(string ConnectionString, IAsyncDisposable Server);

/// <summary>The database that a process works on: the operator's, or an embedded one that lives as long as the process.</summary>
internal sealed class DatabaseServer : IAsyncDisposable
{
    private readonly IAsyncDisposable? embedded;

    private DatabaseServer(string pooled, string unpooled, IAsyncDisposable? embedded)
    {
        Pooled = pooled;
        Unpooled = unpooled;
        this.embedded = embedded;
    }

    /// <summary>Where an embedded cluster and the development key are kept, under the current directory.</summary>
    public static string DataDirectory => Path.GetFullPath(".data");

    /// <summary>Connection string for queries.</summary>
    public string Pooled { get; }

    /// <summary>Connection string that bypasses a pooler.</summary>
    public string Unpooled { get; }

    /// <summary>The sources of connections, once prepared.</summary>
    public Postgres? Postgres { get; private set; }

    /// <summary>The key made for development, which opens the console signed in; null where the operator has set one.</summary>
    public string? AdminKey { get; private set; }

    /// <summary>Whether the server is ours.</summary>
    public bool IsEmbedded => embedded is not null;

    /// <summary>Starts the embedded server where no URL is set; makes sure that the database answers.</summary>
    /// <exception cref="UnavailableException">It does not.</exception>
    public static async Task<DatabaseServer> ConnectAsync(PlatformOptions options, StartEmbedded startEmbedded, CancellationToken ct)
    {
        if (options.ConnectionString is not { } pooled)
        {
            var own = await startEmbedded(ct);
            return new DatabaseServer(own.ConnectionString, own.ConnectionString, own.Server);
        }
        try
        {
            await using var connection = new NpgsqlConnection(options.UnpooledConnectionString);
            await connection.OpenAsync(ct);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            throw Unreachable(options.UnpooledConnectionString!, e);
        }
        return new DatabaseServer(pooled, options.UnpooledConnectionString!, null);
    }

    /// <summary>Connects, applies pending migrations, and makes the development key.</summary>
    public static async Task<DatabaseServer> PrepareAsync(PlatformOptions options, StartEmbedded startEmbedded, CancellationToken ct)
    {
        var database = await ConnectAsync(options, startEmbedded, ct);
        try
        {
            await SchemaMigration.ApplyAsync(database.Unpooled, ct);
            database.AdminKey = await DevelopmentKey.EnsureAsync(options, database.Unpooled, DataDirectory, ct);
            database.Postgres = new Postgres(database.Pooled, database.Unpooled, Postgres.NewProcessName());
            return database;
        }
        catch (Exception e)
        {
            await database.DisposeAsync();
            // It answered a moment ago, and now ends or refuses sessions.
            if (TransientFault.IsOfDatabase(e)) throw Unreachable(database.Unpooled, e);
            throw;
        }
    }

    private static UnavailableException Unreachable(string connectionString, Exception e)
    {
        var at = new NpgsqlConnectionStringBuilder(connectionString);
        return new(
            $"The database at {at.Host}:{at.Port}/{at.Database} cannot be reached: {e.GetBaseException().Message}. Check DATABASE_URL.", e);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Postgres is not null) await Postgres.DisposeAsync();
        if (embedded is not null) await embedded.DisposeAsync();
    }
}
