using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using App.Development.Embedded;
using App.Platform.Database;
using App.Tests.Fixtures;
using Npgsql;

namespace App.Tests.Scenarios;

/// <summary>PgBouncer in transaction mode before a database, with few sessions and otherwise as it comes.</summary>
internal sealed class PgBouncer : ChildProcess
{
    private readonly TestFolder folder;

    private PgBouncer(ProcessStartInfo start, TestFolder folder, string connectionString) : base(start) =>
        (this.folder, ConnectionString) = (folder, connectionString);

    /// <summary>The program, null where it is not installed. Debian keeps it where only root looks.</summary>
    public static string? Program { get; } = Executable.OnPath("pgbouncer")
        ?? (File.Exists("/usr/sbin/pgbouncer") ? "/usr/sbin/pgbouncer" : null);

    /// <summary>An Npgsql connection string through it.</summary>
    public string ConnectionString { get; }

    /// <summary>The same as <c>postgres://…</c>.</summary>
    public string Url => DatabaseUrl.Format(ConnectionString);

    /// <summary>Starts one before a database and waits until it takes connections.</summary>
    public static async Task<PgBouncer> StartAsync(string connectionString, int sessions)
    {
        var files = TestFolder.Create();
        var to = new NpgsqlConnectionStringBuilder(connectionString);
        var port = FreePort();
        var file = Path.Combine(files.Path, "pgbouncer.ini");
        await File.WriteAllTextAsync(file, $"""
            [databases]
            {to.Database} = host={to.Host} port={to.Port} user={to.Username} password={to.Password}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_type = any
            pool_mode = transaction
            default_pool_size = {sessions}
            max_client_conn = 500
            """);
        // It refuses to run as root, as the database's server does.
        var user = await ServerUser.ChooseAsync(files.Path, default);
        var through = new NpgsqlConnectionStringBuilder(connectionString) { Host = "127.0.0.1", Port = port, SslMode = SslMode.Disable };
        var started = new PgBouncer(user.Command("/", Program!, file), files, through.ConnectionString);
        await started.WroteAsync("process up");
        return started;
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        folder.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

/// <summary>A test that needs PgBouncer; <c>test.sh</c> installs it where that can be done.</summary>
public sealed class PgBouncerFactAttribute : FactAttribute
{
    public PgBouncerFactAttribute()
    {
        if (PgBouncer.Program is null) Skip = "PgBouncer is not installed: apt-get install pgbouncer.";
    }
}
