using System.Diagnostics;
using System.Globalization;

namespace App.Development.Embedded;

/// <summary>One running server (postmaster): started apart from our terminal, watched and stopped by its pid.</summary>
internal sealed class ServerProcess(int processId, Cluster cluster, ServerBinaries binaries, ServerUser user)
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(5);

    /// <summary>The postmaster's pid.</summary>
    public int Id => processId;

    /// <summary>The server that runs on a cluster although nobody holds the cluster's lock: its owner was killed.</summary>
    public static async Task<ServerProcess?> FindOrphanAsync(Cluster cluster, ServerBinaries binaries, ServerUser user,
        CancellationToken cancellationToken)
    {
        var file = new PostmasterFile(cluster.Folder);
        if (file.Read() is not { } entry) return null;
        if (await IsServerAsync(entry.ProcessId, cluster, cancellationToken)) return new(entry.ProcessId, cluster, binaries, user);
        if (IsAlive(entry.ProcessId)) file.Disown();
        return null;
    }

    /// <summary>Starts the server and waits until it takes connections.</summary>
    /// <exception cref="EmbeddedServerException">It ended or was not ready in time; the message holds its log's tail.</exception>
    public static async Task<ServerProcess> StartAsync(Cluster cluster, ServerBinaries binaries, ServerUser user, TimeSpan timeout,
        CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            cluster.RotateLog();
            var logged = File.Exists(cluster.LogFile) ? new FileInfo(cluster.LogFile).Length : 0;
            using var launcher = Executable.Launch(LaunchCommand(cluster, binaries, user, timeout));
            var ready = await WaitUntilReadyAsync(launcher, cluster, binaries, user, timeout - clock.Elapsed, cancellationToken);
            if (ready is not null) return ready;

            var tail = cluster.LogTail(logged);
            // The children of a postmaster that was killed end by themselves, but not at once.
            if (tail.Contains("pre-existing shared memory block", StringComparison.Ordinal) && clock.Elapsed < timeout)
            {
                await Task.Delay(20 * Tick, cancellationToken);
                continue;
            }
            throw new EmbeddedServerException(
                $"PostgreSQL ({binaries.Folder}) did not start on '{cluster.Folder}'. Its log '{cluster.LogFile}' ends with:\n{tail}");
        }
    }

    /// <summary>Stops it: fast, then immediately, then by force. Returns when it is gone.</summary>
    public async Task StopAsync(TimeSpan timeout)
    {
        if (OperatingSystem.IsWindows())
        {
            var seconds = ((int)timeout.TotalSeconds).ToString(CultureInfo.InvariantCulture);
            var fast =
                await Executable.RunAsync(
                    user.Command(cluster.Home, binaries.Program("pg_ctl"), "stop", "-D", cluster.Folder, "-m", "fast", "-t", seconds),
                    CancellationToken.None);
            if (fast.ExitCode != 0)
                await Executable.RunAsync(
                    user.Command(cluster.Home, binaries.Program("pg_ctl"), "stop", "-D", cluster.Folder, "-m", "immediate"),
                    CancellationToken.None);
            return;
        }
        foreach (var signal in new[] { Posix.Interrupt, Posix.Quit, Posix.Kill })
        {
            // The pid may have passed to another program when the server has died before.
            if (!await IsServerAsync(processId, cluster, CancellationToken.None) || !Posix.Signal(processId, signal)) return;
            for (var clock = Stopwatch.StartNew(); clock.Elapsed < timeout; await Task.Delay(Tick))
                if (!IsAlive(processId)) return;
        }
    }

    /// <summary>Whether a process runs; one that has ended but was not yet fetched by its parent does not.</summary>
    public static bool IsAlive(int processId)
    {
        if (OperatingSystem.IsLinux())
        {
            try
            {
                // "123 (name) S …": the name may hold anything, so the state stands behind the last parenthesis.
                var stat = File.ReadAllText($"/proc/{processId}/stat");
                return stat[stat.LastIndexOf(')') + 2] is not ('Z' or 'X');
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        }
        try
        {
            using var process = Process.GetProcessById(processId);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static async Task<ServerProcess?> WaitUntilReadyAsync(
        Process launcher, Cluster cluster, ServerBinaries binaries, ServerUser user, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var file = new PostmasterFile(cluster.Folder);
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < timeout; await Task.Delay(Tick, cancellationToken))
        {
            // Asked before the file is read: pg_ctl ends well once the server is ready.
            var ended = launcher.HasExited;
            if (file.Read() is { State: "ready" } entry && await IsServerAsync(entry.ProcessId, cluster, cancellationToken))
                return new(entry.ProcessId, cluster, binaries, user);
            if (ended) return null;
        }
        return null;
    }

    /// <summary>
    /// On Linux <c>setsid</c>, then the change of user, then postgres itself, all in one process, which becomes our
    /// child. Elsewhere pg_ctl, which leaves the terminal's group as well (and administrator's rights on Windows).
    /// A Ctrl-C thus reaches only us, and we stop the server after our last use of it.
    /// </summary>
    private static ProcessStartInfo LaunchCommand(Cluster cluster, ServerBinaries binaries, ServerUser user, TimeSpan timeout)
    {
        if (Executable.OnPath("setsid") is not { } setsid)
        {
            var seconds = ((int)timeout.TotalSeconds).ToString(CultureInfo.InvariantCulture);
            return user.Command(cluster.Home, binaries.Program("pg_ctl"), "start", "-w", "-t", seconds, "-D", cluster.Folder, "-l",
                cluster.LogFile);
        }
        const string script = "umask 077; log=$1; shift; exec \"$@\" >>\"$log\" 2>&1 </dev/null";
        var inner = user.Command(cluster.Home, "sh", "-c", script, "sh", cluster.LogFile, binaries.Program("postgres"), "-D",
            cluster.Folder);
        inner.ArgumentList.Insert(0, inner.FileName);
        inner.FileName = setsid;
        return inner;
    }

    /// <summary>Whether a pid is a postmaster of this cluster, and not another program that was given the pid later.</summary>
    private static async Task<bool> IsServerAsync(int processId, Cluster cluster, CancellationToken cancellationToken)
    {
        if (!IsAlive(processId)) return false;
        if (OperatingSystem.IsLinux())
        {
            try
            {
                var words = (await File.ReadAllTextAsync($"/proc/{processId}/cmdline", cancellationToken)).Split('\0');
                return Path.GetFileName(words[0]) == "postgres" && words.Contains(cluster.Folder);
            }
            catch (IOException)
            {
                return false;
            }
        }
        if (OperatingSystem.IsWindows())
        {
            using var process = Process.GetProcessById(processId);
            return process.ProcessName == "postgres";
        }
        var line = await Executable.RunAsync(new("ps", ["-p", processId.ToString(CultureInfo.InvariantCulture), "-o", "command="]),
            cancellationToken);
        return line.Output.Contains("postgres", StringComparison.Ordinal) && line.Output.Contains(cluster.Folder, StringComparison.Ordinal);
    }
}
