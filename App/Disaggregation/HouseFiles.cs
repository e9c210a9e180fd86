using App.Platform;

namespace App.Disaggregation;

/// <summary>Finds the files behind <c>--data</c>.</summary>
internal static class HouseFiles
{
    /// <summary>The file itself, or the <c>.csv</c> and <c>.csv.gz</c> files of the folder, by name.</summary>
    /// <exception cref="UsageException">There are none.</exception>
    public static IReadOnlyList<string> In(string path)
    {
        if (File.Exists(path)) return [path];
        if (!Directory.Exists(path)) throw new UsageException($"--data is '{path}': there is no such file or folder.");
        var files = Directory.EnumerateFiles(path).Where(IsCsv).Order(StringComparer.Ordinal).ToList();
        return files.Count > 0 ? files : throw new UsageException($"--data is '{path}': the folder holds no .csv or .csv.gz file.");
    }

    private static bool IsCsv(string path) =>
        path.EndsWith(".csv", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".csv.gz", StringComparison.OrdinalIgnoreCase);
}
