using System.Security.Cryptography;
using System.Text;

namespace App.Development.Embedded;

/// <summary>
/// The folder in which the cluster lies: the data directory itself. Only when we are root and the server's user cannot
/// enter the data directory (it lies under a home of mode 0700), the cluster lies under <c>/var/lib/tandem</c> and the
/// data directory holds a pointer to it. Opening the home up would give away more than a database, and the temporary
/// folder, which is emptied at times, is no place for data: so where <c>/var/lib</c> cannot be written, we refuse.
/// </summary>
internal static class ClusterHome
{
    private const string Shared = "/var/lib/tandem";

    /// <summary>A folder that others may pass through, but not change.</summary>
    public const UnixFileMode Passable =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <summary>The file in the data directory that names where else the cluster lies.</summary>
    public static string Pointer(string dataDirectory) => Path.Combine(dataDirectory, "postgres.location");

    /// <summary>Finds, or decides and records, the folder of the cluster.</summary>
    /// <exception cref="EmbeddedServerException">The server's user can reach neither place.</exception>
    public static async Task<string> ResolveAsync(string dataDirectory, CancellationToken cancellationToken)
    {
        var pointer = Pointer(dataDirectory);
        if (File.Exists(pointer)) return (await File.ReadAllTextAsync(pointer, cancellationToken)).Trim();

        var user = await ServerUser.ChooseAsync(Path.Combine(dataDirectory, Cluster.FolderName), cancellationToken);
        if (await user.CanEnterAsync(dataDirectory, cancellationToken)) return dataDirectory;

        var home = Path.Combine(MakeShared(), Hash(dataDirectory));
        Make(home);
        if (!await user.CanEnterAsync(home, cancellationToken))
            throw new EmbeddedServerException(
                $"PostgreSQL refuses to run as root, and user {user.Name} can enter neither '{dataDirectory}' nor '{home}': "
                + "run as another user, start in another directory, or set DATABASE_URL.");
        await File.WriteAllTextAsync(pointer, home + "\n", cancellationToken);
        return home;
    }

    /// <summary>Makes the folder that every user can reach, and answers its path.</summary>
    /// <exception cref="EmbeddedServerException">It cannot be made.</exception>
    public static string MakeShared()
    {
        Make(Shared);
        return Shared;
    }

    /// <summary>Twelve hexadecimal digits that stand for a text in file names.</summary>
    public static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..12];

    private static void Make(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder, Passable);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EmbeddedServerException(
                $"The server's user needs a folder that it can reach, and '{folder}' cannot be made: "
                + $"{e.Message} Run as a user other than root, or set DATABASE_URL.", e);
        }
    }
}
