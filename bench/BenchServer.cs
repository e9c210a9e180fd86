using App.Development.Embedded;
using App.Platform.Database;
using Npgsql;

namespace Bench;

/// <summary>The PostgreSQL of a benchmark: that of DATABASE_URL, else one of its own, which ends with it.</summary>
internal sealed class BenchServer : IAsyncDisposable
{
    private readonly EmbeddedServer? embedded;

    private BenchServer(string connectionString, EmbeddedServer? embedded)
    {
        this.embedded = embedded;
        // The URLs of the databases that are made there need its password, which a source hides unless it is told not to.
        Source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString) { PersistSecurityInfo = true });
    }

    /// <summary>Connects to it as a role that may create databases.</summary>
    public NpgsqlDataSource Source { get; }

    /// <summary>Starts or finds it.</summary>
    /// <exception cref="BenchException">DATABASE_URL is no URL of a database.</exception>
    public static async Task<BenchServer> StartAsync(CancellationToken ct)
    {
        if (Environment.GetEnvironmentVariable("DATABASE_URL") is { Length: > 0 } url)
            return new(
                DatabaseUrl.Parse(url) is { ConnectionString: { } given }
                    ? given : throw new BenchException($"DATABASE_URL: {DatabaseUrl.Parse(url).Fault}."), null);
        var folder = Directory.CreateTempSubdirectory("tandem-bench").FullName;
        var own = await EmbeddedServer.StartAsync(new EmbeddedOptions { DataDirectory = folder, ListenOnLoopback = true },
            cancellationToken: ct);
        return new(own.AdminConnectionString, own);
    }

    public async ValueTask DisposeAsync()
    {
        await Source.DisposeAsync();
        if (embedded is not null) await embedded.DisposeAsync();
    }
}

/// <summary>What a benchmark needs is not there: one line to stderr.</summary>
internal sealed class BenchException(string message) : Exception(message);
