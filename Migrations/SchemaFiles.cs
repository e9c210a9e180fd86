using System.Reflection;

namespace Migrations;

/// <summary>The SQL files that are part of this assembly, by their path in the project.</summary>
internal static class SchemaFiles
{
    private static readonly Assembly Assembly = typeof(SchemaFiles).Assembly;

    /// <summary>Paths of all files, in order.</summary>
    public static IReadOnlyList<string> Paths { get; } = [.. Assembly.GetManifestResourceNames().Order(StringComparer.Ordinal)];

    /// <summary>The text of a file, with the same ends of lines wherever it was checked out.</summary>
    public static string Read(string path)
    {
        using var reader = new StreamReader(Assembly.GetManifestResourceStream(path) ?? throw new FileNotFoundException($"{path} is not in the assembly."));
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
