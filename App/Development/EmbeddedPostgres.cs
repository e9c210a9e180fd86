using App.Development.Embedded;
using App.Platform.Serving;

namespace App.Development;

/// <summary>The PostgreSQL of a process that was given no DATABASE_URL.</summary>
internal static class EmbeddedPostgres
{
    /// <summary>Starts it on <see cref="DatabaseServer.DataDirectory"/>.</summary>
    /// <exception cref="UnavailableException">It cannot be started; the message says why and what to do.</exception>
    public static async Task<EmbeddedDatabase> StartAsync(CancellationToken ct)
    {
        try
        {
            var server = await EmbeddedServer.StartAsync(new EmbeddedOptions { DataDirectory = DatabaseServer.DataDirectory },
                cancellationToken: ct);
            return new EmbeddedDatabase(server.ConnectionString, server);
        }
        catch (EmbeddedServerException e)
        {
            throw new UnavailableException($"The embedded PostgreSQL cannot be started: {e.Message}", e);
        }
    }
}
