using App.Platform.Auth;
using App.Platform.Configuration;
using App.Platform.Database;
using Microsoft.EntityFrameworkCore;

namespace App.Platform.Serving;

/// <summary>Builds a server from its variables.</summary>
/// <exception cref="InvalidVariablesException">The configuration has faults.</exception>
/// <exception cref="UnavailableException">The database cannot be reached.</exception>
internal delegate Task<WebApplication> Composition(Variables variables, CancellationToken ct);

/// <summary>Commands of the platform itself: serve, migrate, keys create, health.</summary>
internal static class PlatformCommands
{
    /// <summary>The commands.</summary>
    public static IEnumerable<Command> All(Composition compose, StartEmbedded startEmbedded) =>
    [
        new("", "", (line, variables, ct) => ServeAsync(line, compose, variables, ct)),
        new("web", "serves as the web role, whatever WORKER_ENABLED says", (line, variables, ct) => ServeAsync(line, compose, variables.With("WORKER_ENABLED", "false"), ct)),
        new("worker", "serves as web+worker, whatever WORKER_ENABLED says", (line, variables, ct) => ServeAsync(line, compose, variables.With("WORKER_ENABLED", "true"), ct)),
        HealthCommand.Definition,
        new("migrate", "[--write-schema <file>]: applies pending migrations to DATABASE_URL; writes the whole schema as SQL", (line, variables, ct) =>
        {
            var file = line.Optional("write-schema");
            return WithDatabaseAsync(line, variables, startEmbedded, async connectionString =>
            {
                var applied = await SchemaMigration.ApplyAsync(connectionString, ct);
                Console.WriteLine(applied.Count == 0 ? "The schema is current." : $"Applied {string.Join(", ", applied)}.");
                if (file is not null) await File.WriteAllTextAsync(file, await SchemaText.ReadAsync(connectionString, ct), ct);
            }, ct);
        }),
        new("keys create", "--org <organization> --scopes read,ingest [--name <text>]: makes an API key and prints it once", (line, variables, ct) =>
        {
            var organization = line.Required("org");
            var scopes = line.Required("scopes").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            if (scopes.Length == 0 || scopes.Except(Scopes.All).FirstOrDefault() is not null)
                throw new UsageException($"--scopes is '{line.Required("scopes")}': use some of {string.Join(',', Scopes.All)}.");
            if (!Scopes.IsOrganization(organization))
                throw new UsageException($"--org is '{organization}': use 1 to 128 of A-Z a-z 0-9 . _ : -");
            var name = line.Optional("name") ?? "made by App keys create";
            return WithDatabaseAsync(line, variables, startEmbedded, async connectionString =>
            {
                await SchemaMigration.ApplyAsync(connectionString, ct);
                await using var db = new AppDbContext(new DbContextOptionsBuilder<AppDbContext>().UseNpgsql(connectionString).Options);
                Console.WriteLine(await ApiKeyStore.CreateAsync(db, organization, name, scopes, ct));
            }, ct);
        }),
    ];

    private static async Task<int> ServeAsync(CommandLine line, Composition compose, Variables variables, CancellationToken ct)
    {
        line.RefuseUnread();
        await using var server = await Server.StartAsync(compose, variables, ct);
        await server.RunToEndAsync(ct);
        return 0;
    }

    private static async Task<int> WithDatabaseAsync(CommandLine line, Variables variables, StartEmbedded startEmbedded, Func<string, Task> work, CancellationToken ct)
    {
        line.RefuseUnread();
        var options = PlatformOptions.Read(variables);
        variables.ThrowIfInvalid();
        await using var database = await DatabaseServer.ConnectAsync(options, startEmbedded, ct);
        await work(database.Unpooled);
        return 0;
    }
}
