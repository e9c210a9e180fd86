using Npgsql;

namespace App.Platform.Database;

/// <summary>
/// The database of this process: the pooled source for everything, and connections that bypass a pooler for LISTEN.
/// </summary>
internal sealed class Postgres : IAsyncDisposable
{
    // To connect, unless DATABASE_URL says otherwise (connect_timeout).
    private const int UsualConnectSeconds = 5;

    private readonly string unpooled;

    /// <summary>Opens no connection yet.</summary>
    /// <param name="pooled">May go through PgBouncer in transaction mode: no session state is kept on it.</param>
    /// <param name="unpooled">Goes to the server itself; the same as <paramref name="pooled"/> where there is no pooler.</param>
    /// <param name="processName">Shown in <c>pg_stat_activity</c> and named in leases.</param>
    public Postgres(string pooled, string unpooled, string processName)
    {
        this.unpooled = unpooled;
        ProcessName = processName;
        var builder = new NpgsqlConnectionStringBuilder(pooled) { ApplicationName = processName };
        // ContainsKey says whether Npgsql knows a keyword; ShouldSerialize, whether it was given.
        if (!builder.ShouldSerialize("Maximum Pool Size")) builder.MaxPoolSize = 40;
        // A database that is gone must be noticed within seconds, not after TCP has given up.
        if (!builder.ShouldSerialize("Keepalive")) builder.KeepAlive = 10;
        if (!builder.ShouldSerialize("Timeout")) builder.Timeout = UsualConnectSeconds;
        if (pooled == unpooled)
        {
            builder.MaxAutoPrepare = 64;
            builder.AutoPrepareMinUsages = 3;
        }
        else
        {
            // A pooler gives each transaction whatever session is free: nothing is prepared on one (PgBouncer before 1.21
            // does not know what to make of it), and there is nothing to reset.
            builder.NoResetOnClose = true;
        }
        Source = new NpgsqlDataSourceBuilder(builder.ConnectionString).UseLoggerFactory(SlowQueries).Build();
    }

    /// <summary>Told of every statement through <see cref="Source"/>.</summary>
    public SlowQueries SlowQueries { get; } = new();

    /// <summary>The pooled source.</summary>
    public NpgsqlDataSource Source { get; }

    /// <summary>Unique name of this process: host, pid and a random part.</summary>
    public string ProcessName { get; }

    /// <summary>A name for this process, unique among all that share the database.</summary>
    public static string NewProcessName()
    {
        // PostgreSQL cuts names of connections to 63 bytes, and their ends must be seen.
        var machine = Environment.MachineName;
        return $"{(machine.Length <= 20 ? machine : machine[^20..])}/{Environment.ProcessId}/{Guid.NewGuid().ToString("N")[..6]}";
    }

    /// <summary>A connection of its own, outside the pool and past any pooler, closed by the caller.</summary>
    /// <param name="purpose">Ends its name in <c>pg_stat_activity</c>.</param>
    /// <param name="ct">Gives up.</param>
    public async Task<NpgsqlConnection> OpenOwnAsync(string purpose, CancellationToken ct)
    {
        var builder = new NpgsqlConnectionStringBuilder(unpooled)
        {
            ApplicationName = $"{ProcessName}/{purpose}",
            Pooling = false,
            KeepAlive = 10,
            MaxAutoPrepare = 16,
            AutoPrepareMinUsages = 2,
            // The same few statements for ever: planning them again for each set of values would cost more than it wins.
            Options = "-c plan_cache_mode=force_generic_plan",
        };
        if (!builder.ShouldSerialize("Timeout")) builder.Timeout = UsualConnectSeconds;
        var connection = new NpgsqlConnection(builder.ConnectionString);
        try
        {
            await connection.OpenAsync(ct);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Source.DisposeAsync();
}
