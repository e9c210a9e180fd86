using System.CommandLine;
using App.Platform.Commands;
using App.Platform.Configuration;
using App.Platform.Database;

namespace App.Platform.Serving;

/// <summary>Commands of the platform itself: serve in a role, health, migrate, keys.</summary>
internal static class PlatformCommands
{
    private const string Role = "WORKER_ENABLED";

    /// <summary>The root, which serves, with these commands.</summary>
    public static RootCommand Root(Variables variables, Composition compose, StartEmbedded startEmbedded)
    {
        var root = new RootCommand("Tandem. Without a command it serves; variables and commands are described in docs/operations.md.");
        root.SetAction((_, ct) => ServeAsync(compose, variables, ct));
        // --version is asked of whatever command one is at.
        foreach (var version in root.Options.OfType<VersionOption>()) version.Recursive = true;
        root.Add(Serve("web", "Serves as the web role, whatever WORKER_ENABLED says.", compose, () => variables.With(Role, "false")));
        root.Add(Serve("worker", "Serves as web+worker, whatever WORKER_ENABLED says.", compose, () => variables.With(Role, "true")));
        root.Add(new HealthCommand(variables));
        var database = new CommandDatabase(variables, startEmbedded);
        root.Add(Migrate(database));
        var keys = root.Group("keys", "Makes, lists and revokes API keys.");
        keys.Add(new CreateKeyCommand(database));
        keys.Add(new ListKeysCommand(database));
        keys.Add(new RevokeKeyCommand(database));
        return root;
    }

    private static Command Serve(string name, string description, Composition compose, Func<Variables> variables)
    {
        var command = new Command(name, description);
        command.SetAction((_, ct) => ServeAsync(compose, variables(), ct));
        return command;
    }

    /// <summary>Serves until it is told to stop.</summary>
    public static async Task<int> ServeAsync(Composition compose, Variables variables, CancellationToken ct)
    {
        await using var server = await Server.StartAsync(compose, variables, ct);
        await server.RunToEndAsync(ct);
        return ExitCodes.Done;
    }

    private static Command Migrate(CommandDatabase database)
    {
        var file = new Option<FileInfo?>("--write-schema")
        {
            Description = "Writes the whole schema as SQL to this file.",
            HelpName = "file"
        };
        var command = new Command("migrate", "Applies pending migrations to DATABASE_URL.") { file };
        command.SetAction((line, ct) => database.UseAsync(async connectionString =>
        {
            var applied = await SchemaMigration.ApplyAsync(connectionString, ct);
            var said = applied.Count == 0 ? "The schema is current." : $"Applied {string.Join(", ", applied)}.";
            await line.InvocationConfiguration.Output.WriteLineAsync(said);
            if (line.GetValue(file) is { } written)
                await File.WriteAllTextAsync(written.FullName, await SchemaText.ReadAsync(connectionString, ct), ct);
        }, ct));
        return command;
    }
}
