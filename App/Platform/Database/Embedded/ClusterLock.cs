using System.Globalization;
using System.Text;

namespace App.Platform.Database.Embedded;

/// <summary>
/// Holds a data directory for this process alone. The operating system lets go when the process ends, however it ends,
/// so there is no stale lock.
/// </summary>
internal sealed class ClusterLock : IDisposable
{
    private readonly FileStream held;

    private ClusterLock(FileStream held) => this.held = held;

    /// <summary>Takes the data directory, which is made when missing.</summary>
    /// <exception cref="EmbeddedServerException">Another process holds it, or it cannot be written.</exception>
    public static ClusterLock Acquire(string dataDirectory)
    {
        var path = Path.Combine(dataDirectory, "postgres.lock");
        try
        {
            Directory.CreateDirectory(dataDirectory);
            // On Unix only None takes a lock, an advisory one, which does not hinder others from reading the pid. On
            // Windows None would.
            var share = OperatingSystem.IsWindows() ? FileShare.Read : FileShare.None;
            var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, share);
            file.SetLength(0);
            file.Write(Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
            file.Flush();
            return new(file);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new EmbeddedServerException($"The data directory '{dataDirectory}' cannot be written: give it to user {Environment.UserName}, or set DATABASE_URL.", e);
        }
        catch (IOException e) when (File.Exists(path) && e is not (DirectoryNotFoundException or PathTooLongException))
        {
            throw new EmbeddedServerException(
                $"The embedded database in '{dataDirectory}' is in use by process {Holder(path)}: stop that process, start this one in another directory, or set DATABASE_URL for both.", e);
        }
        catch (IOException e)
        {
            throw new EmbeddedServerException($"The data directory '{dataDirectory}' cannot be made: {e.Message} Set DATABASE_URL instead, or start in another directory.", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => held.Dispose();

    private static string Holder(string path)
    {
        try
        {
            using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
            return reader.ReadToEnd() is { Length: > 0 } pid ? pid : "(unknown)";
        }
        catch (IOException)
        {
            return "(unknown)";
        }
    }
}
