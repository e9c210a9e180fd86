using System.ComponentModel;
using System.Diagnostics;

namespace App.Development.Embedded;

/// <summary>Finds programs and runs short ones to their end.</summary>
internal static class Executable
{
    /// <summary>The outcome of a program: its exit code (127 when it could not be started) and all that it printed.</summary>
    public readonly record struct Outcome(int ExitCode, string Output);

    /// <summary>The full path of a program on PATH, or null.</summary>
    public static string? OnPath(string name) => PathFolders()
        .Select(folder => Path.Combine(folder, FileName(name)))
        .FirstOrDefault(File.Exists);

    /// <summary>The folders of PATH, in order.</summary>
    public static IEnumerable<string> PathFolders() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Where(Path.IsPathRooted);

    /// <summary>The file name of a program on this system.</summary>
    public static string FileName(string name) => OperatingSystem.IsWindows() ? name + ".exe" : name;

    /// <summary>Runs a program to its end.</summary>
    public static async Task<Outcome> RunAsync(ProcessStartInfo start, CancellationToken cancellationToken)
    {
        try
        {
            using var process = Launch(start);
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var errors = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            return new(process.ExitCode, (await output + await errors).Trim());
        }
        catch (Win32Exception e)
        {
            return new(127, $"{start.FileName}: {e.Message}");
        }
    }

    /// <summary>Starts a program with all its streams redirected: .NET then leaves the terminal's settings alone.</summary>
    public static Process Launch(ProcessStartInfo start)
    {
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        return Process.Start(start)!;
    }
}
