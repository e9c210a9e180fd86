using System.Runtime.InteropServices;

namespace App.Development.Embedded;

/// <summary>The two calls of POSIX that .NET has no name for.</summary>
internal static partial class Posix
{
    /// <summary>SIGINT: PostgreSQL's fast shutdown (ends sessions, writes a checkpoint).</summary>
    public const int Interrupt = 2;

    /// <summary>SIGQUIT: PostgreSQL's immediate shutdown (the next start recovers).</summary>
    public const int Quit = 3;

    /// <summary>SIGKILL.</summary>
    public const int Kill = 9;

    /// <summary>Sends a signal; false when there is no such process or it may not be signalled.</summary>
    public static bool Signal(int processId, int signal) => kill(processId, signal) == 0;

    /// <summary>Gives a file or folder to a user.</summary>
    /// <exception cref="EmbeddedServerException">The system refuses.</exception>
    public static void Own(string path, uint userId, uint groupId)
    {
        if (chown(path, userId, groupId) != 0)
            throw new EmbeddedServerException(
                $"Cannot give '{path}' to user {userId} ({Marshal.GetLastPInvokeErrorMessage()}): run as a user other than root, or "
                + "set DATABASE_URL.");
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, int signal);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int chown(string path, uint owner, uint group);
}
