using System.Runtime.Versioning;
using App.Development.Embedded;
using App.Tests.Fixtures;
using Npgsql;

namespace App.Tests.Development.Embedded;

[UnsupportedOSPlatform("windows")]
public sealed class EmbeddedServerTests : IDisposable
{
    private readonly TestFolder folder = TestFolder.Create(" with a space");

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task The_next_start_continues_with_the_same_data_over_a_private_socket()
    {
        string connectionString;
        await using (var server = await StartAsync())
        {
            connectionString = server.ConnectionString;
            await ExecuteAsync(connectionString, "CREATE TABLE mark AS SELECT 42 AS n");

            Assert.Equal("UTF8", await ExecuteAsync(connectionString, "SHOW server_encoding"));
            Assert.Equal("", await ExecuteAsync(server.AdminConnectionString, "SHOW listen_addresses"));
            Assert.Equal("off", await ExecuteAsync(connectionString, "SELECT current_setting('is_superuser')"));
        }
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => ExecuteAsync(connectionString, "SELECT 1"));

        await using var again = await StartAsync();
        Assert.Equal(42, await ExecuteAsync(again.ConnectionString, "SELECT n FROM mark"));
    }

    [Fact]
    public async Task Commits_reach_the_disk_unless_a_test_says_otherwise()
    {
        await using var server = await EmbeddedServer.StartAsync(new() { DataDirectory = folder.Path });

        Assert.Equal("on", await ExecuteAsync(server.ConnectionString, "SHOW fsync"));
        Assert.Equal("on", await ExecuteAsync(server.ConnectionString, "SHOW full_page_writes"));
    }

    [Fact]
    public async Task A_second_start_is_refused_and_names_the_first_and_the_cure()
    {
        await using var server = await StartAsync();

        var refusal = await Assert.ThrowsAsync<EmbeddedServerException>(() => StartAsync());

        Assert.Contains($"in use by process {Environment.ProcessId}:", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("DATABASE_URL", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(1, await ExecuteAsync(server.ConnectionString, "SELECT 1"));
    }

    [Fact]
    public async Task Of_many_starts_at_once_one_wins()
    {
        var starts = Enumerable.Range(0, 4).Select(_ => Task.Run(() => StartAsync())).ToList();
        var ended = await Task.WhenAll(starts.Select(async start =>
        {
            try
            {
                return await start;
            }
            catch (EmbeddedServerException)
            {
                return null;
            }
        }));

        await using var winner = Assert.Single(ended, server => server is not null);
        Assert.Equal(1, await ExecuteAsync(winner!.ConnectionString, "SELECT 1"));
    }

    [Fact]
    public async Task A_killed_server_recovers_what_was_committed()
    {
        await using (var server = await StartAsync())
        {
            await ExecuteAsync(server.ConnectionString, "CREATE TABLE mark AS SELECT 42 AS n");
            Posix.Signal(server.ProcessId, Posix.Kill);
        }

        await using var again = await StartAsync();
        Assert.Equal(42, await ExecuteAsync(again.ConnectionString, "SELECT n FROM mark"));
    }

    [Fact]
    public async Task A_pid_that_now_belongs_to_another_program_does_not_stop_a_start()
    {
        await using (var server = await StartAsync()) Posix.Signal(server.ProcessId, Posix.Kill);
        using var other = Executable.Launch(new("sleep", ["600"]));
        var pidFile = Path.Combine(Data, "postgres", "postmaster.pid");
        var lines = await File.ReadAllLinesAsync(pidFile);
        lines[0] = $"{other.Id}";
        await File.WriteAllLinesAsync(pidFile, lines);

        await using (var again = await StartAsync()) Assert.Equal(1, await ExecuteAsync(again.ConnectionString, "SELECT 1"));

        Assert.False(other.HasExited);
        other.Kill();
    }

    [Fact]
    public async Task A_server_left_behind_is_replaced_and_keeps_its_data()
    {
        await using (var server = await StartAsync()) await ExecuteAsync(server.ConnectionString, "CREATE TABLE mark AS SELECT 42 AS n");
        var orphan = await StartUnownedAsync();

        await using var again = await StartAsync();

        Assert.False(ServerProcess.IsAlive(orphan.Id));
        Assert.Equal(42, await ExecuteAsync(again.ConnectionString, "SELECT n FROM mark"));
    }

    [Fact]
    public async Task The_watchdog_stops_the_server_when_its_pipe_closes()
    {
        await (await StartAsync()).DisposeAsync();
        var orphan = await StartUnownedAsync();
        using var process = System.Diagnostics.Process.GetProcessById(orphan.Id);
        var cluster = new Cluster(Data);

        // What the operating system does when this process dies.
        Watchdog.Over(orphan, cluster, await ServerUser.ChooseAsync(cluster.Folder, default))!.Dispose();

        await process.WaitForExitAsync().WaitAsync(Poll.Patience);
        Assert.Null(new PostmasterFile(cluster.Folder).Read());
    }

    [RootFact]
    public async Task As_root_below_a_closed_home_the_data_lies_where_the_server_can_reach_it()
    {
        var home = Path.Combine(Data, "home");
        Directory.CreateDirectory(home, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var options = new EmbeddedOptions { DataDirectory = Path.Combine(home, ".data"), Durable = false };
        await using (var server = await StartAsync(options))
            await ExecuteAsync(server.ConnectionString, "CREATE TABLE mark AS SELECT 42 AS n");

        await using (var again = await StartAsync(options))
            Assert.Equal(42, await ExecuteAsync(again.ConnectionString, "SELECT n FROM mark"));

        var location = (await File.ReadAllTextAsync(ClusterHome.Pointer(options.DataDirectory))).Trim();
        Assert.True(File.Exists(Path.Combine(location, "postgres", "PG_VERSION")));
        Directory.Delete(location, recursive: true);
    }

    [Fact]
    public async Task An_interrupted_initialisation_is_done_again()
    {
        var partial = Path.Combine(Data, "postgres.new");
        Directory.CreateDirectory(Path.Combine(partial, "base"));
        await File.WriteAllTextAsync(Path.Combine(partial, "PG_VERSION"), "15\n");
        Directory.CreateDirectory(Path.Combine(Data, "postgres"));

        await using var server = await StartAsync();

        Assert.Equal(1, await ExecuteAsync(server.ConnectionString, "SELECT 1"));
        Assert.False(Directory.Exists(partial));
    }

    [Fact]
    public async Task Foreign_files_in_the_place_of_the_database_are_not_touched()
    {
        var file = Path.Combine(Data, "postgres", "thesis.txt");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllTextAsync(file, "years of work");

        var refusal = await Assert.ThrowsAsync<EmbeddedServerException>(() => StartAsync());

        Assert.Contains("not a PostgreSQL cluster", refusal.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(file));
    }

    [Fact]
    public async Task A_path_too_long_for_a_socket_gets_one_in_the_temporary_folder()
    {
        var deep = Path.Combine(folder.Path, new string('d', 100), new string('é', 60));

        await using var server = await StartAsync(new() { DataDirectory = deep, Durable = false });

        Assert.Equal(1, await ExecuteAsync(server.ConnectionString, "SELECT 1"));
        var socket = new NpgsqlConnectionStringBuilder(server.ConnectionString).Host!;
        Assert.DoesNotContain(deep, socket, StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(socket));
        Directory.Delete(socket, recursive: true);
    }

    [Fact]
    public async Task On_loopback_it_asks_for_the_password()
    {
        await using var server = await StartAsync(new() { DataDirectory = Data, Durable = false, ListenOnLoopback = true });
        var given =
            App.Platform.Database.DatabaseUrl.Parse(server.Url(EmbeddedServer.Application, EmbeddedServer.Application)).ConnectionString!;

        Assert.Equal("127.0.0.1", new NpgsqlConnectionStringBuilder(given).Host);
        Assert.Equal(1, await ExecuteAsync(given, "SELECT 1"));
        var guessed = new NpgsqlConnectionStringBuilder(given) { Password = "guess" }.ConnectionString;
        var refusal = await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(guessed, "SELECT 1"));
        Assert.Equal(PostgresErrorCodes.InvalidPassword, refusal.SqlState);
    }

    [Fact]
    public async Task A_lost_password_file_is_replaced()
    {
        await using (await StartAsync()) File.Delete(Path.Combine(Data, "postgres.password"));

        await using var server = await StartAsync(new() { DataDirectory = Data, Durable = false, ListenOnLoopback = true });

        var url = App.Platform.Database.DatabaseUrl.Parse(server.Url(EmbeddedServer.Application, EmbeddedServer.Application));
        Assert.Equal(1, await ExecuteAsync(url.ConnectionString!, "SELECT 1"));
    }

    [Fact]
    public async Task A_server_that_cannot_start_shows_its_log()
    {
        await using (await StartAsync())
            await File.WriteAllTextAsync(Path.Combine(Data, "postgres", "postgresql.local.conf"), "no_such_setting = 1\n");

        var failure = await Assert.ThrowsAsync<EmbeddedServerException>(() => StartAsync());

        Assert.Contains("no_such_setting", failure.Message, StringComparison.Ordinal);
        Assert.Contains("server.log", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_large_log_of_earlier_starts_is_set_aside()
    {
        var log = Path.Combine(Data, "postgres", "server.log");
        await using (await StartAsync()) await File.AppendAllTextAsync(log, new string('x', 2_000_000));

        await using (await StartAsync()) Assert.InRange(new FileInfo(log).Length, 1, 100_000);

        Assert.True(File.Exists(log + ".old"));
    }

    private string Data => folder.Path;

    private Task<EmbeddedServer> StartAsync(EmbeddedOptions? options = null) =>
        EmbeddedServer.StartAsync(options ?? new() { DataDirectory = Data, Durable = false });

    private async Task<ServerProcess> StartUnownedAsync()
    {
        var cluster = new Cluster(Data);
        var user = await ServerUser.ChooseAsync(cluster.Folder, default);
        var binaries = await ServerBinaries.FindAsync(user, cluster, null, default);
        return await ServerProcess.StartAsync(cluster, binaries, user, Poll.Patience, default);
    }

    private static async Task<object?> ExecuteAsync(string connectionString, string sql)
    {
        // A new server, on a machine that runs all other tests.
        await using var connection = new NpgsqlConnection(connectionString + ";Pooling=false;Timeout=120");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
