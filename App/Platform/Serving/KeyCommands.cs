using System.CommandLine;
using System.Globalization;
using App.Platform.Auth;
using App.Platform.Commands;
using App.Platform.Database;
using Microsoft.EntityFrameworkCore;

namespace App.Platform.Serving;

/// <summary><c>App keys create</c>: makes a key and prints it once.</summary>
internal sealed class CreateKeyCommand : Command
{
    private readonly Option<string> organization = CommandOptions.Required("--org", "organization",
        "The organization that the key belongs to.");
    private readonly Option<string> scopes = CommandOptions.Required("--scopes", "read,ingest",
        $"What it may do: some of {string.Join(", ", Scopes.All)}, separated by commas.");
    private readonly Option<string?> name = CommandOptions.Text("--name", "text", "What it is for.");

    /// <summary>The command.</summary>
    public CreateKeyCommand(CommandDatabase database) : base("create", "Makes an API key and prints it once; only its hash is stored.")
    {
        Add(organization);
        Add(scopes);
        Add(name);
        scopes.CompletionSources.Add([.. Scopes.All]);
        organization.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } text && !Scopes.IsOrganization(text))
                result.AddError($"--org is '{text}': use 1 to 128 of A-Z a-z 0-9 . _ : -");
        });
        scopes.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } text
                && (Split(text) is not { Length: > 0 } given || given.Except(Scopes.All).Any()))
                result.AddError($"--scopes is '{text}': use some of {string.Join(',', Scopes.All)}.");
        });
        SetAction((line, ct) => database.UseAsync(async connectionString =>
        {
            await using var db = await KeyDatabase.OpenAsync(connectionString, ct);
            var label = line.GetValue(name) ?? "made by App keys create";
            var secret = await ApiKeyStore.CreateAsync(db, line.GetRequiredValue(organization), label,
                Split(line.GetRequiredValue(scopes)), ct);
            await line.InvocationConfiguration.Output.WriteLineAsync(secret);
        }, ct));
    }

    private static string[] Split(string text) => text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}

/// <summary><c>App keys list</c>: a line for each key, its fields separated by tabs.</summary>
internal sealed class ListKeysCommand : Command
{
    private readonly Option<string?> organization = CommandOptions.Text("--org", "organization", "Only the keys of one organization.");

    /// <summary>The command.</summary>
    public ListKeysCommand(CommandDatabase database) : base("list", "Lists the API keys; the keys themselves are not stored and not shown.")
    {
        Add(organization);
        SetAction((line, ct) => database.UseAsync(async connectionString =>
        {
            await using var db = await KeyDatabase.OpenAsync(connectionString, ct);
            var output = line.InvocationConfiguration.Output;
            await output.WriteLineAsync("id\torganization\tscopes\tcreated\trevoked\tname");
            foreach (var key in await ApiKeyStore.ListAsync(db, line.GetValue(organization), ct))
                await output.WriteLineAsync(
                    $"{key.Id}\t{key.Organization}\t{string.Join(',', key.Scopes)}\t{Time(key.CreatedAt)}\t"
                    + $"{Time(key.RevokedAt)}\t{key.Name}");
        }, ct));
    }

    private static string Time(DateTimeOffset? at) =>
        at?.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "-";
}

/// <summary><c>App keys revoke</c>: servers refuse the key within <see cref="ApiKeyStore.Remembered"/>.</summary>
internal sealed class RevokeKeyCommand : Command
{
    private readonly Option<Guid> id = new("--id")
    {
        HelpName = "id",
        Description = "The key, as App keys list names it.",
        Required = true
    };

    /// <summary>The command.</summary>
    public RevokeKeyCommand(CommandDatabase database) : base("revoke", "Revokes an API key; servers refuse it within 15 seconds.")
    {
        Add(id);
        SetAction((line, ct) => database.UseAsync(async connectionString =>
        {
            await using var db = await KeyDatabase.OpenAsync(connectionString, ct);
            var key = line.GetValue(id);
            if (!await ApiKeyStore.RevokeAsync(db, key, ct))
                throw new UsageException($"--id is '{key}': there is no such key that is not revoked.");
            await line.InvocationConfiguration.Output.WriteLineAsync($"revoked {key}");
        }, ct));
    }
}

/// <summary>The database as these commands use it.</summary>
file static class KeyDatabase
{
    public static async Task<AppDbContext> OpenAsync(string connectionString, CancellationToken ct)
    {
        await SchemaMigration.ApplyAsync(connectionString, ct);
        return new AppDbContext(new DbContextOptionsBuilder<AppDbContext>().UseNpgsql(connectionString).Options);
    }
}
