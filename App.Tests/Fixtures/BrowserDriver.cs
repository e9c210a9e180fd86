using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace App.Tests.Fixtures;

/// <summary>Playwright's driver runs on the Node in its package; where that one does not start, on the Node of <c>PATH</c>.</summary>
internal static class BrowserDriver
{
    private const string NodeVariable = "PLAYWRIGHT_NODEJS_PATH";

    /// <summary>Must run before the first use of Playwright.</summary>
    public static void Prepare()
    {
        if (Environment.GetEnvironmentVariable(NodeVariable) is not null || Starts(Packaged())) return;
        var name = OperatingSystem.IsWindows() ? "node.exe" : "node";
        var own = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        Environment.SetEnvironmentVariable(NodeVariable, own);
    }

    private static string Packaged()
    {
        var system = OperatingSystem.IsWindows() ? "win32" : OperatingSystem.IsMacOS() ? "darwin" : "linux";
        var architecture = RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "x64";
        return Path.Combine(AppContext.BaseDirectory, ".playwright", "node", $"{system}-{architecture}",
            OperatingSystem.IsWindows() ? "node.exe" : "node");
    }

    private static bool Starts(string node)
    {
        try
        {
            using var process =
                Process.Start(new ProcessStartInfo(node, "--version")
                {
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                    UseShellExecute = false
                })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
