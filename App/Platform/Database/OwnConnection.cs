using System.Data;
using Npgsql;

namespace App.Platform.Database;

/// <summary>
/// A connection that one component keeps to itself, outside the pool: what is planned once on it stays planned. After a
/// fault it is opened anew. Not for several threads at once.
/// </summary>
/// <param name="postgres">The database.</param>
/// <param name="purpose">Ends its name in <c>pg_stat_activity</c>.</param>
/// <param name="setting">A statement that is run when it has been opened.</param>
internal sealed class OwnConnection(Postgres postgres, string purpose, string? setting = null) : IAsyncDisposable
{
    private NpgsqlConnection? connection;

    /// <summary>The connection, open.</summary>
    public async ValueTask<NpgsqlConnection> OpenAsync(CancellationToken ct)
    {
        if (connection is { FullState: ConnectionState.Open }) return connection;
        await DisposeAsync();
        var opened = await postgres.OpenOwnAsync(purpose, ct);
        if (setting is not null)
        {
            try
            {
                await using var set = new NpgsqlCommand(setting, opened);
                await set.ExecuteNonQueryAsync(ct);
            }
            catch
            {
                await opened.DisposeAsync();
                throw;
            }
        }
        return connection = opened;
    }

    /// <summary>Closes it; the next use opens another.</summary>
    public async ValueTask DisposeAsync()
    {
        if (connection is not null) await connection.DisposeAsync();
        connection = null;
    }
}
