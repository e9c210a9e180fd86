using System.Text.Json;

namespace App.Development.Embedded;

/// <summary>Makes npm's <c>@embedded-postgres</c> runnable: its install script does not run here (<c>ignore-scripts</c>).</summary>
internal static class NpmBinaries
{
    /// <summary>Whether a folder of binaries is npm's.</summary>
    public static bool IsNpm(string bin) => File.Exists(LinkList(bin));

    /// <summary>
    /// Makes the symbolic links that <c>pg-symlinks.json</c> lists (npm packages cannot hold links) and sets execute bits.
    /// </summary>
    /// <exception cref="EmbeddedServerException">The folder cannot be written.</exception>
    public static void Complete(string bin)
    {
        if (OperatingSystem.IsWindows()) return;
        try
        {
            var root = Path.GetFullPath(Path.Combine(bin, "..", ".."));
            using var list = JsonDocument.Parse(File.ReadAllBytes(LinkList(bin)));
            foreach (var link in list.RootElement.EnumerateArray())
                MakeLink(root, link.GetProperty("source").GetString()!, link.GetProperty("target").GetString()!);

            const UnixFileMode execute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
            foreach (var file in Directory.EnumerateFiles(bin))
            {
                var mode = File.GetUnixFileMode(file);
                if ((mode & execute) != execute) File.SetUnixFileMode(file, mode | execute);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new EmbeddedServerException(
                $"npm's PostgreSQL in '{bin}' cannot be completed: {e.Message} Run npm ci as this user, or set DATABASE_URL.", e);
        }
    }

    /// <summary>
    /// A copy that every user can reach, made once per version of the package, for a server user that cannot enter the
    /// folders above ours.
    /// </summary>
    /// <returns>The folder of its binaries.</returns>
    public static string CopyTo(string parent, string bin)
    {
        var native = Path.GetFullPath(Path.Combine(bin, ".."));
        var stamp = File.GetLastWriteTimeUtc(LinkList(bin)).Ticks;
        var target = Path.Combine(parent, $"postgresql-{ClusterHome.Hash($"{native} {stamp}")}");
        if (!Directory.Exists(target))
        {
            var partial = $"{target}.{Guid.NewGuid():N}";
            Copy(new(native), partial);
            try
            {
                Directory.Move(partial, target);
            }
            catch (IOException) when (Directory.Exists(target))
            {
                // Another start was faster.
                Directory.Delete(partial, recursive: true);
            }
        }
        return Path.Combine(target, "bin");
    }

    private static void MakeLink(string root, string source, string target)
    {
        var path = Path.GetFullPath(Path.Combine(root, target));
        var from = Path.GetFullPath(Path.Combine(root, source));
        if (!path.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal) || Path.Exists(path)) return;
        try
        {
            File.CreateSymbolicLink(path, Path.GetRelativePath(Path.GetDirectoryName(path)!, from));
        }
        catch (IOException) when (Path.Exists(path))
        {
            // Another start made it in the meantime.
        }
    }

    private static void Copy(DirectoryInfo from, string to)
    {
        Directory.CreateDirectory(to);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(to, ClusterHome.Passable);
        foreach (var entry in from.EnumerateFileSystemInfos())
        {
            var path = Path.Combine(to, entry.Name);
            if (entry.LinkTarget is { } target) File.CreateSymbolicLink(path, target);
            else if (entry is DirectoryInfo folder) Copy(folder, path);
            else ((FileInfo)entry).CopyTo(path);
        }
    }

    private static string LinkList(string bin) => Path.Combine(bin, "..", "pg-symlinks.json");
}
