using App.Development.Embedded;
using App.Platform.Database;
using Npgsql;

namespace App.Tests.Fixtures;

/// <summary>
/// The server behind every <see cref="TestDatabase"/> of this process, started by the first: an embedded one, or that of
/// <c>TEST_DATABASE_URL</c>, whose user must be a superuser.
/// </summary>
internal sealed class TestDatabaseHost
{
    private const string Suffix = "-tandem-test-host";

    private static readonly Lazy<Task<TestDatabaseHost>> Process = new(StartAsync);

    private readonly string template = $"test_template_{Guid.NewGuid():N}";
    private readonly string admin;
    private readonly Func<string, string> connect;
    private readonly string owner;

    private TestDatabaseHost(string admin, string owner, Func<string, string> connect) =>
        (this.admin, this.owner, this.connect) = (admin, owner, connect);

    /// <summary>The one of this process.</summary>
    public static Task<TestDatabaseHost> OfProcessAsync() => Process.Value;

    /// <summary>Makes a database from the migrated template and answers its connection string.</summary>
    public Task<string> CloneTemplateAsync(string name) => CreateAsync(name, template);

    /// <summary>Makes an empty database and answers its connection string.</summary>
    public Task<string> CreateEmptyAsync(string name) => CreateAsync(name, "template1");

    private async Task<string> CreateAsync(string name, string from)
    {
        await ExecuteAsync($"CREATE DATABASE {name} TEMPLATE {from} OWNER {owner}");
        return Patient(connect(name));
    }

    /// <summary>Connects the superuser to a database.</summary>
    public string AdminConnectionString(string name) =>
        new NpgsqlConnectionStringBuilder(Patient(admin)) { Database = name, Pooling = false }.ConnectionString;

    // Beside trainings and whole houses on every core, a connection may take longer than the 15 s that are usual.
    private static string Patient(string connection) => new NpgsqlConnectionStringBuilder(connection) { Timeout = 120 }.ConnectionString;

    /// <summary>Drops a database with its connections.</summary>
    public Task DropAsync(string name) => ExecuteAsync($"DROP DATABASE IF EXISTS {name} WITH (FORCE)");

    private static async Task<TestDatabaseHost> StartAsync()
    {
        var host = Environment.GetEnvironmentVariable("TEST_DATABASE_URL") is { Length: > 0 } url ? Given(url) : await EmbeddedAsync();
        await host.ExecuteAsync($"CREATE DATABASE {host.template} OWNER {host.owner}");
        await SchemaMigration.ApplyAsync(host.connect(host.template), CancellationToken.None);
        return host;
    }

    private static TestDatabaseHost Given(string url)
    {
        var parsed = DatabaseUrl.Parse(url);
        if (!parsed.IsValid) throw new InvalidOperationException($"TEST_DATABASE_URL: {parsed.Fault}.");
        var host = new TestDatabaseHost(parsed.ConnectionString, "DEFAULT",
            database => new NpgsqlConnectionStringBuilder(parsed.ConnectionString) { Database = database }.ConnectionString);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => host.DropAsync(host.template).GetAwaiter().GetResult();
        return host;
    }

    private static async Task<TestDatabaseHost> EmbeddedAsync()
    {
        SweepLeftovers();
        var folder = TestFolder.Create(Suffix);
        var server = await EmbeddedServer.StartAsync(new() { DataDirectory = folder.Path, ListenOnLoopback = true, Durable = false });
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            // The test runner grants a process 100 ms to end, too little for a checkpoint of data that nobody needs.
            Posix.Signal(server.ProcessId, Posix.Quit);
            server.DisposeAsync().AsTask().GetAwaiter().GetResult();
            folder.Dispose();
        };
        return new(server.AdminConnectionString, EmbeddedServer.Application,
            database => DatabaseUrl.Parse(server.Url(EmbeddedServer.Application, database)).ConnectionString!);
    }

    // Of processes that were killed: the system has let go of their locks, and a watchdog has stopped their servers.
    private static void SweepLeftovers()
    {
        foreach (var leftover in Directory.EnumerateDirectories(Path.GetTempPath(), $"*{Suffix}"))
        {
            if (!File.Exists(Path.Combine(leftover, "postgres.lock"))) continue;
            try
            {
                using (ClusterLock.Acquire(leftover)) Directory.Delete(leftover, recursive: true);
            }
            catch (Exception e) when (e is EmbeddedServerException or IOException or UnauthorizedAccessException)
            {
                // In use by a test process beside this one, or another user's.
            }
        }
    }

    private async Task ExecuteAsync(string sql)
    {
        // Databases are copied and dropped while the machine is busy with all other tests.
        await using var connection =
            new NpgsqlConnection(new NpgsqlConnectionStringBuilder(admin) { Timeout = 120, CommandTimeout = 300 }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
