using App.Platform.Configuration;
using Npgsql;

namespace App.Platform.Auth;

/// <summary>
/// In development without ADMIN_API_KEY an admin key is made once and kept in <c>admin.key</c> of the data directory,
/// readable by its owner alone, so that every start can print the same link.
/// </summary>
internal static class DevelopmentKey
{
    /// <summary>The key that opens the console signed in; null in production, and where the operator has set one.</summary>
    public static async Task<string?> EnsureAsync(PlatformOptions options, string connectionString, string dataDirectory,
        CancellationToken ct)
    {
        if (options.Production || options.AdminApiKey is not null) return null;
        Directory.CreateDirectory(dataDirectory);
        var path = Path.Combine(dataDirectory, "admin.key");
        if (!File.Exists(path)) await WriteAsync(path, ApiKey.NewSecret(), ct);
        var secret = (await File.ReadAllTextAsync(path, ct)).Trim();

        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(ct);
        await using var command = new NpgsqlCommand(
            "insert into api_keys (id, organization, name, hash, scopes) values ($1, 'default', 'development', $2, array['admin']) "
            + "on conflict (hash) do nothing",
            connection);
        command.Parameters.Add(new() { Value = Guid.CreateVersion7() });
        command.Parameters.Add(new() { Value = ApiKey.HashOf(secret) });
        await command.ExecuteNonQueryAsync(ct);
        return secret;
    }

    private static async Task WriteAsync(string path, string secret, CancellationToken ct)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        await using var writer = new StreamWriter(path, options);
        await writer.WriteLineAsync(secret.AsMemory(), ct);
    }
}
