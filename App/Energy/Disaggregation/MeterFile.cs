using System.Globalization;
using App.Platform.Files;

namespace App.Energy.Disaggregation;

/// <summary>
/// Reads a CSV file of one house: a header with <c>t</c> (Unix seconds or milliseconds, or RFC 3339) and <c>mains</c>
/// (watts), and in any other columns of the names of <see cref="Appliances.Labels"/> the truth. Other columns are ignored, rows may
/// stand in any order, and of rows with the same time the last one counts. A row without mains is a missing reading.
/// </summary>
internal static class MeterFile
{
    private const double LimitWatts = 10_000_000;

    private static readonly long Earliest = new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
    private static readonly long Latest = new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

    /// <summary>Reads a file, gzip where its name ends in <c>.gz</c>, and lays it on the grid.</summary>
    /// <exception cref="BadFileException">It is no such file; the message names the line.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static House Read(string path) => CsvFiles.Read(path, reader => Read(reader, path));

    /// <summary>Reads CSV and lays it on the grid.</summary>
    public static House Read(TextReader reader, string name)
    {
        var header = reader.ReadLine()
            ?? throw new BadFileException(name, 1, "the file is empty: a header with the columns t and mains is needed");
        var columns = header.Split(',').Select(column => column.Trim().Trim('"').TrimStart('\uFEFF')).ToList();
        var time = Column("t");
        var mains = Column("mains");
        var labels = Appliances.Labels.Select(label => columns.IndexOf(label)).ToArray();
        var rows = Rows(reader, name, columns.Count, time, mains, labels);
        if (rows.Count == 0) throw new BadFileException(name, 0, "it holds no row with mains");
        return Resample(name, rows, labels);

        int Column(string column) => columns.IndexOf(column) is var index and >= 0 ? index
            : throw new BadFileException(name, 1,
                $"there is no column '{column}' but {string.Join(", ", columns)}: name the columns t and mains");
    }

    /// <summary>Rows in order of time, without repetition: the mains, then the truth of each label (NaN where there is none).</summary>
    private static List<(long Ts, float[] Watts)> Rows(TextReader reader, string name, int columns, int time, int mains, int[] labels)
    {
        var rows = new List<(long Ts, float[] Watts)>();
        Span<Range> fields = columns + 1 <= 256 ? stackalloc Range[columns + 1] : new Range[columns + 1];
        var sorted = true;
        var number = 1L;
        while (reader.ReadLine() is { } line)
        {
            number++;
            var text = line.AsSpan();
            if (text.IsWhiteSpace()) continue;
            var count = text.Split(fields, ',');
            if (count != columns)
                throw new BadFileException(name, number,
                    $"there are {(count > columns ? "more" : "fewer")} fields than the header's {columns}");
            var ts = Time(text[fields[time]], name, number);
            var power = Watts(text[fields[mains]], "mains", name, number);
            if (float.IsNaN(power)) continue;
            var watts = new float[labels.Length + 1];
            watts[0] = power;
            for (var i = 0; i < labels.Length; i++)
                watts[i + 1] = labels[i] < 0 ? float.NaN : Watts(text[fields[labels[i]]], Appliances.Labels[i], name, number);
            sorted &= rows.Count == 0 || rows[^1].Ts < ts;
            rows.Add((ts, watts));
        }
        return sorted ? rows : [.. rows.GroupBy(row => row.Ts, (_, same) => same.Last()).OrderBy(row => row.Ts)];
    }

    private static House Resample(string name, List<(long Ts, float[] Watts)> rows, int[] labels)
    {
        var mains = Column(0);
        return new House(name, [.. mains.Select(cell => cell.Start)], [.. mains.Select(cell => cell.Watts)],
            [.. labels.Select((column, i) => column < 0 ? null : Column(i + 1).Select(cell => cell.Watts).ToArray())])
        {
            Low = [.. mains.Select(cell => cell.Low)],
            High = [.. mains.Select(cell => cell.High)],
        };

        List<Cell> Column(int index)
        {
            var grid = new Grid();
            var cells = new List<Cell>();
            foreach (var (ts, watts) in rows) grid.Add(ts, watts[index], cells);
            grid.Complete(cells);
            return cells;
        }
    }

    private static long Time(ReadOnlySpan<char> field, string name, long line)
    {
        field = field.Trim().Trim('"');
        long ts;
        if (double.TryParse(field, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent,
            CultureInfo.InvariantCulture, out var unix))
        {
            const double FirstThatMustBeMilliseconds = 1e11;
            ts = Math.Abs(unix) < FirstThatMustBeMilliseconds ? (long)Math.Round(unix * 1000) : (long)unix;
        }
        else if (DateTimeOffset.TryParse(field, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date))
        {
            ts = date.ToUnixTimeMilliseconds();
        }
        else
        {
            throw new BadFileException(name, line,
                $"t is '{field}': give Unix seconds or milliseconds, or RFC 3339 such as 2013-10-01T00:00:00Z");
        }
        if (ts >= Earliest && ts < Latest) return ts;
        throw new BadFileException(name, line, $"t is '{field}': only the years 2000 to 2099 are taken");
    }

    private static float Watts(ReadOnlySpan<char> field, string column, string name, long line)
    {
        field = field.Trim().Trim('"');
        if (field.IsEmpty) return float.NaN;
        if (!double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out var watts))
            throw new BadFileException(name, line, $"{column} is '{field}': give watts as a number, or nothing where there is none");
        if (double.IsNaN(watts)) return float.NaN;
        if (Math.Abs(watts) <= LimitWatts) return (float)watts;
        throw new BadFileException(name, line, $"{column} is '{field}': give watts within ±{LimitWatts:N0}");
    }
}
