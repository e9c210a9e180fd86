using System.Diagnostics;
using System.Globalization;

namespace App.Development.Embedded;

/// <summary>
/// Stops the server when this process ends without stopping it, <c>kill -9</c> included: a shell that waits at a pipe
/// whose other end is ours. The operating system closes that end with us, whatever happens.
/// </summary>
internal sealed class Watchdog : IDisposable
{
    private const string Script = """
        read -r end
        [ "$(head -n 1 "$1/postmaster.pid" 2>/dev/null)" = "$2" ] && kill -INT "$2"
        """;

    private readonly Process shell;

    private Watchdog(Process shell) => this.shell = shell;

    /// <summary>Watches over a server; null on Windows, where the next start stops what was left.</summary>
    public static Watchdog? Over(ServerProcess server, Cluster cluster, ServerUser user)
    {
        if (OperatingSystem.IsWindows()) return null;
        var command = user.Command(cluster.Home, "sh", "-c", Script, "sh", cluster.Folder,
            server.Id.ToString(CultureInfo.InvariantCulture));
        if (Executable.OnPath("setsid") is { } setsid)
        {
            command.ArgumentList.Insert(0, command.FileName);
            command.FileName = setsid;
        }
        return new(Executable.Launch(command));
    }

    /// <summary>Ends the watch as the end of this process would: the server, if it still runs, is stopped.</summary>
    public void Dispose()
    {
        shell.StandardInput.Close();
        shell.Dispose();
    }
}
