using System.Globalization;

namespace App.Development.Embedded;

/// <summary>
/// Holds a data directory for this process alone. The operating system lets go when the process ends, however it ends,
/// so there is no stale lock.
/// </summary>
internal sealed class ClusterLock : IDisposable
{
    private readonly FileStream file;

    private ClusterLock(FileStream file) => this.file = file;

    /// <summary>Takes the data directory, which is made when missing.</summary>
    /// <exception cref="EmbeddedServerException">Another process holds it, or it cannot be written.</exception>
    public static ClusterLock Acquire(string dataDirectory)
    {
        var path = Path.Combine(dataDirectory, "postgres.lock");
        try
        {
            Directory.CreateDirectory(dataDirectory);
            var held = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            File.WriteAllText(Owner(dataDirectory), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            return new(held);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new EmbeddedServerException(
                $"The data directory '{dataDirectory}' cannot be written: give it to user {Environment.UserName}, or set DATABASE_URL.", e);
        }
        catch (IOException e) when (File.Exists(path) && e is not (DirectoryNotFoundException or PathTooLongException))
        {
            throw new EmbeddedServerException(
                $"The embedded database in '{dataDirectory}' is in use by process {Holder(dataDirectory)}: stop that process, "
                + "start this one in another directory, or set DATABASE_URL for both.", e);
        }
        catch (IOException e)
        {
            throw new EmbeddedServerException(
                $"The data directory '{dataDirectory}' cannot be made: {e.Message} Set DATABASE_URL instead, "
                + "or start in another directory.", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    // A file of its own: .NET refuses to read a file that is locked.
    private static string Owner(string dataDirectory) => Path.Combine(dataDirectory, "postgres.owner");

    private static string Holder(string dataDirectory)
    {
        try
        {
            return File.ReadAllText(Owner(dataDirectory)) is { Length: > 0 } pid ? pid : "(unknown)";
        }
        catch (IOException)
        {
            return "(unknown)";
        }
    }
}
