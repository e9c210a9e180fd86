using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using App.Platform.Database;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace App.Development.Embedded;

/// <summary>
/// A real PostgreSQL server that belongs to this process: found, initialised, started, and stopped on dispose. It holds
/// a database <c>tandem</c> that belongs to a role of the same name without further rights, as a hosted one would.
/// </summary>
internal sealed class EmbeddedServer : IAsyncDisposable
{
    /// <summary>The superuser.</summary>
    public const string AdminRole = "postgres";

    /// <summary>The role of the application, and its database.</summary>
    public const string Application = "tandem";

    private readonly EmbeddedOptions options;
    private readonly ClusterLock claim;
    private readonly ServerProcess postmaster;
    private readonly Watchdog? watchdog;
    private readonly ServerSettings listening;
    private readonly string secret;
    private readonly ILogger logger;

    private EmbeddedServer(EmbeddedOptions options, ClusterLock claim, ServerProcess postmaster, Watchdog? watchdog,
        ServerSettings listening, string secret, ILogger logger) =>
        (this.options, this.claim, this.postmaster, this.watchdog, this.listening, this.secret, this.logger) =
        (options, claim, postmaster, watchdog, listening, secret, logger);

    /// <summary>Connects the application's role to its database.</summary>
    public string ConnectionString => Connect(Application, Application);

    /// <summary>Connects the superuser to the maintenance database <c>postgres</c>.</summary>
    public string AdminConnectionString => Connect(AdminRole, "postgres");

    /// <summary>The postmaster's pid.</summary>
    public int ProcessId => postmaster.Id;

    /// <summary>Whether commits reach the disk.</summary>
    public bool IsDurable => options.Durable;

    /// <summary>The loopback port; on Unix without <see cref="EmbeddedOptions.ListenOnLoopback"/> only the socket's number.</summary>
    public int Port => listening.Port;

    /// <summary>Starts the server on a data directory, making the cluster at the first start.</summary>
    /// <exception cref="EmbeddedServerException">It cannot start; the message says why and what to do.</exception>
    public static async Task<EmbeddedServer> StartAsync(EmbeddedOptions options, ILogger? logger = null,
        CancellationToken cancellationToken = default)
    {
        logger ??= NullLogger.Instance;
        var dataDirectory = Path.TrimEndingDirectorySeparator(Path.GetFullPath(options.DataDirectory));
        var hold = ClusterLock.Acquire(dataDirectory);
        try
        {
            return await StartAsync(options, dataDirectory, hold, logger, cancellationToken);
        }
        catch (UnauthorizedAccessException e)
        {
            hold.Dispose();
            throw new EmbeddedServerException(
                $"The embedded database in '{dataDirectory}' belongs to another user: {e.Message} Start as that user, "
                + "move the folder away, or set DATABASE_URL.", e);
        }
        catch
        {
            hold.Dispose();
            throw;
        }
    }

    /// <summary>Connects a role to a database: over the socket, on Windows over loopback.</summary>
    public string Connect(string role, string database) => Connect(role, database, listening.SocketFolder ?? "127.0.0.1");

    /// <summary>
    /// The URL of a database for another process: over loopback where the server listens there, else over the socket,
    /// which only processes of the same user (or root) can reach.
    /// </summary>
    public string Url(string role, string database) =>
        DatabaseUrl.Format(Connect(role, database, listening.OnLoopback ? "127.0.0.1" : listening.SocketFolder!));

    /// <summary>Stops the server, fast if it can, and lets go of the data directory.</summary>
    public async ValueTask DisposeAsync()
    {
        await postmaster.StopAsync(options.StopTimeout);
        watchdog?.Dispose();
        claim.Dispose();
        logger.LogDebug("Stopped the embedded PostgreSQL");
    }

    private static async Task<EmbeddedServer> StartAsync(
        EmbeddedOptions options, string dataDirectory, ClusterLock hold, ILogger logger, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var cluster = new Cluster(await ClusterHome.ResolveAsync(dataDirectory, cancellationToken));
        var user = await ServerUser.ChooseAsync(cluster.Folder, cancellationToken);
        var binaries = await ServerBinaries.FindAsync(user, cluster, options.BinariesDirectory, cancellationToken);
        var password = cluster.Password(user, out var isNewPassword);
        if (cluster.Major is null)
        {
            logger.LogInformation("Making a database in {Folder} with PostgreSQL {Major} from {Binaries}", cluster.Folder, binaries.Major,
                binaries.Folder);
            await cluster.CreateAsync(binaries, user, options.Durable, cancellationToken);
        }
        else if (await ServerProcess.FindOrphanAsync(cluster, binaries, user, cancellationToken) is { } orphan)
        {
            // Stopped rather than adopted: its watchdog may be about to stop it, and its settings may not be ours.
            logger.LogWarning("Stopping PostgreSQL {ProcessId}, which a process that was killed has left behind", orphan.Id);
            await orphan.StopAsync(options.StopTimeout);
        }

        var onLoopback = options.ListenOnLoopback || OperatingSystem.IsWindows();
        var settings = new ServerSettings(
            OperatingSystem.IsWindows() ? null : SocketFolder.Make(cluster.Home, user),
            !onLoopback ? 5432 : options.Port > 0 ? options.Port : FreePort(),
            onLoopback, options.Durable);
        cluster.WriteSettings(settings.Text(), user);

        var process = await LaunchAsync(options, cluster, binaries, user, cancellationToken);
        var server = new EmbeddedServer(options, hold, process, Watchdog.Over(process, cluster, user), settings, password, logger);
        try
        {
            await server.PrepareAsync(isNewPassword, cancellationToken);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
        logger.LogInformation("Started PostgreSQL {Major} on {Folder} in {Milliseconds} ms", binaries.Major, cluster.Folder,
            clock.ElapsedMilliseconds);
        return server;
    }

    // A start that was cancelled or took too long must not leave a server behind that nothing watches yet.
    private static async Task<ServerProcess> LaunchAsync(
        EmbeddedOptions options, Cluster cluster, ServerBinaries binaries, ServerUser user, CancellationToken cancellationToken)
    {
        try
        {
            return await ServerProcess.StartAsync(cluster, binaries, user, options.StartTimeout, cancellationToken);
        }
        catch
        {
            if (await ServerProcess.FindOrphanAsync(cluster, binaries, user, CancellationToken.None) is { } left)
                await left.StopAsync(options.StopTimeout);
            throw;
        }
    }

    private async Task PrepareAsync(bool isNewPassword, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(AdminConnectionString + ";Pooling=false");
        await connection.OpenAsync(cancellationToken);
        // The password is hexadecimal: it needs no escaping, and utility statements take no parameters.
        if (!await AnyAsync($"SELECT 1 FROM pg_roles WHERE rolname = '{Application}'"))
            await RunAsync($"CREATE ROLE {Application} LOGIN PASSWORD '{secret}'");
        else if (isNewPassword)
            await RunAsync($"ALTER ROLE {Application} PASSWORD '{secret}'; ALTER ROLE {AdminRole} PASSWORD '{secret}'");
        if (!await AnyAsync($"SELECT 1 FROM pg_database WHERE datname = '{Application}'"))
            await RunAsync($"CREATE DATABASE {Application} OWNER {Application}");

        async Task<bool> AnyAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            return await command.ExecuteScalarAsync(cancellationToken) is not null;
        }

        async Task RunAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private string Connect(string role, string database, string host) => new NpgsqlConnectionStringBuilder
    {
        Host = host,
        Port = listening.Port,
        Username = role,
        Password = secret,
        Database = database,
        SslMode = SslMode.Disable,
        GssEncryptionMode = GssEncryptionMode.Disable,
    }.ConnectionString;

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
