using App.Platform.Configuration;

namespace App.Platform.Serving;

/// <summary>The database of a command: that of DATABASE_URL, else the embedded one, which ends with the command.</summary>
internal sealed class CommandDatabase(Variables variables, StartEmbedded startEmbedded)
{
    /// <summary>Connects and does the work, which is given a connection string that bypasses a pooler.</summary>
    /// <exception cref="InvalidVariablesException">The configuration has faults.</exception>
    /// <exception cref="UnavailableException">The database cannot be reached.</exception>
    public async Task UseAsync(Func<string, Task> work, CancellationToken ct)
    {
        var options = PlatformOptions.Read(variables);
        variables.ThrowIfInvalid();
        await using var database = await DatabaseServer.ConnectAsync(options, startEmbedded, ct);
        await work(database.Unpooled);
    }
}
