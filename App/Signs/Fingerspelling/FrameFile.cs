using System.Globalization;
using App.Platform.Files;

namespace App.Signs.Fingerspelling;

/// <summary>
/// Reads a CSV file of frames: a header with <c>x0, y0, z0, …, x20, y20, z20</c> and, where they are asked for, <c>id</c> or
/// <c>label</c>; <c>signer</c> where it is known. Other columns are ignored, columns may stand in any order.
/// </summary>
internal sealed class FrameFile
{
    /// <summary>The longest way of a coordinate from zero that is taken; pixels of any camera are less.</summary>
    public const float Limit = 100_000;

    private readonly string path;
    private readonly List<string> columns;
    private readonly int[] coordinates;

    private FrameFile(string path, string header)
    {
        this.path = path;
        columns = [.. header.Split(',').Select(column => column.Trim().Trim('"').TrimStart('\uFEFF'))];
        coordinates = [.. Enumerable.Range(0, Landmarks.Size)
            .Select(i => Column($"{"xyz"[i % Landmarks.Dimensions]}{i / Landmarks.Dimensions}"))];
    }

    /// <summary>Reads frames to be spelled.</summary>
    /// <exception cref="BadFileException">It is no such file; the message names line and column.</exception>
    public static UnlabelledFrames ReadUnlabelled(string path) => CsvFiles.Read(path, reader =>
    {
        var file = new FrameFile(path, Header(reader, path));
        var id = file.Column("id");
        var ids = new List<string>();
        var landmarks = file.Rows(reader, (fields, _) => ids.Add(fields[id]));
        return new UnlabelledFrames(ids, landmarks);
    });

    /// <summary>Reads frames whose letters are known. Without a column <c>signer</c> the file is taken for one person's.</summary>
    /// <exception cref="BadFileException">It is no such file; the message names line and column.</exception>
    public static LabelledFrames ReadLabelled(string path) => CsvFiles.Read(path, reader =>
    {
        var file = new FrameFile(path, Header(reader, path));
        var label = file.columns.Contains("letter") && !file.columns.Contains("label") ? file.Column("letter") : file.Column("label");
        var signer = file.columns.IndexOf("signer");
        var source = SourceOf(path);
        var letters = new List<int>();
        var signers = new List<string>();
        var landmarks = file.Rows(reader, (fields, line) =>
        {
            var letter = Alphabet.IndexOf(fields[label]);
            if (letter < 0)
                throw new BadFileException(path, line, $"column {file.columns[label]} is '{fields[label]}': give a letter from A to Z");
            letters.Add(letter);
            signers.Add(signer < 0 ? source : $"{source}/{string.Intern(fields[signer])}");
        });
        if (letters.Count == 0) throw new BadFileException(path, 0, "it holds no frame");
        return new LabelledFrames(source, landmarks, [.. letters], [.. signers]);
    });

    private static string SourceOf(string path) => Path.GetFileName(path).Split('.')[0];

    private static string Header(TextReader reader, string path) => reader.ReadLine()
        ?? throw new BadFileException(path, 1, "the file is empty: a header with the columns x0, y0, z0, …, x20, y20, z20 is needed");

    private int Column(string name)
    {
        var index = columns.IndexOf(name);
        if (index < 0)
            throw new BadFileException(path, 1,
                $"there is no column '{name}' among the {columns.Count} of the header: name the columns id "
                + "or label, x0, y0, z0, …, x20, y20, z20");
        return columns.LastIndexOf(name) == index
            ? index : throw new BadFileException(path, 1, $"there are two columns '{name}': name each once");
    }

    /// <summary>The coordinates of every row; the other fields are shown to <paramref name="also"/>.</summary>
    private float[] Rows(TextReader reader, Action<string[], long> also)
    {
        var landmarks = new List<float>();
        var number = 1L;
        while (reader.ReadLine() is { } line)
        {
            number++;
            if (string.IsNullOrWhiteSpace(line)) continue;
            var fields = line.Split(',', StringSplitOptions.TrimEntries);
            if (fields.Length != columns.Count)
                throw new BadFileException(path, number,
                    $"there are {fields.Length} fields, and {columns.Count} columns in the header: give a value for each");
            also(fields, number);
            foreach (var column in coordinates) landmarks.Add(Coordinate(fields[column], column, number));
        }
        return [.. landmarks];
    }

    private float Coordinate(string field, int column, long line)
    {
        if (float.TryParse(field.AsSpan().Trim('"'), NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            && Math.Abs(value) <= Limit) return value;
        var shown = field.Length > 40 ? field[..40] + "…" : field;
        throw new BadFileException(path, line, $"column {columns[column]} is '{shown}': give a number within ±{Limit:0}");
    }
}

/// <summary>Frames to be spelled, in the order of their file.</summary>
/// <param name="Ids">What the file calls them.</param>
/// <param name="Landmarks">Raw landmarks, <see cref="Landmarks.Size"/> floats a frame.</param>
internal sealed record UnlabelledFrames(IReadOnlyList<string> Ids, float[] Landmarks);
