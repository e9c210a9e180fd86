using System.IO.Compression;

namespace App.Platform.Files;

/// <summary>The CSV files that commands are given, packed with gzip where their name ends in <c>.gz</c>.</summary>
internal static class CsvFiles
{
    /// <summary>What <c>--data</c> names: the file itself, or the <c>.csv</c> and <c>.csv.gz</c> files of the folder, by name.</summary>
    /// <exception cref="UsageException">There are none.</exception>
    public static IReadOnlyList<string> In(string path)
    {
        if (File.Exists(path)) return [path];
        if (!Directory.Exists(path)) throw new UsageException($"--data is '{path}': there is no such file or folder.");
        var files = Directory.EnumerateFiles(path).Where(IsCsv).Order(StringComparer.Ordinal).ToList();
        return files.Count > 0 ? files : throw new UsageException($"--data is '{path}': the folder holds no .csv or .csv.gz file.");
    }

    /// <summary>Reads a file from its beginning to its end.</summary>
    /// <exception cref="BadFileException">It is no gzip file although its name says so, or what <paramref name="read"/> finds in it is
    /// bad.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static T Read<T>(string path, Func<TextReader, T> read)
    {
        try
        {
            using var file = File.OpenRead(path);
            using Stream stream = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase)
                ? new GZipStream(file, CompressionMode.Decompress) : file;
            using var reader = new StreamReader(stream);
            return read(reader);
        }
        catch (InvalidDataException e)
        {
            throw new BadFileException(path, 0,
                $"it is no gzip file, or a damaged one ({e.Message}): unpack it and name it .csv, or pack it again");
        }
    }

    private static bool IsCsv(string path) =>
        path.EndsWith(".csv", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".csv.gz", StringComparison.OrdinalIgnoreCase);
}
