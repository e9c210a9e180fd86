using System.Runtime.CompilerServices;

namespace App.Tests.Architecture;

/// <summary>The product's source files.</summary>
internal static class Sources
{
    /// <summary>The repository.</summary>
    public static string Root { get; } = Find();

    /// <summary>Source files of a folder, with their paths from it.</summary>
    public static IEnumerable<(string Path, string Text)> Of(string folder)
    {
        var full = Path.Combine(Root, folder);
        return Directory.EnumerateFiles(full, "*.cs", SearchOption.AllDirectories)
            .Select(path => (Path: Path.GetRelativePath(full, path).Replace('\\', '/'), File: path))
            .Where(source => !source.Path.Split('/').Any(part => part is "bin" or "obj"))
            .Select(source => (source.Path, File.ReadAllText(source.File)));
    }

    private static string Find([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../.."));
}
