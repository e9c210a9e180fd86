using App.Platform.Http;

namespace App.Energy.Readings.Ingest;

/// <summary>
/// What a parser makes of one request: readings of known or yet unknown series, or the faults of its items.
/// A batch with faults is refused whole.
/// </summary>
internal sealed class ReadingBatch(SeriesNames.Organization names, string organization, long latestTs)
{
    private const int MostErrors = 1000;
    private readonly Dictionary<string, Series> newSeries = new(AsciiComparer.Instance);
    private readonly List<FieldError> errors = [];

    /// <summary>The readings so far, in the order of the request.</summary>
    public List<(Series Series, Reading Reading)> Items { get; } = [];

    /// <summary>Series that no earlier request had named.</summary>
    public IReadOnlyCollection<Series> NewSeries => newSeries.Values;

    /// <summary>Items seen, faulty ones included.</summary>
    public int Count { get; private set; }

    /// <summary>Faulty items and fields seen.</summary>
    public int ErrorCount { get; private set; }

    /// <summary>The first thousand faults.</summary>
    public IReadOnlyList<FieldError> Errors => errors;

    /// <summary>Latest time taken, Unix milliseconds.</summary>
    public long LatestTs { get; } = latestTs;

    /// <summary>Notes a fault.</summary>
    public void Fault(string field, string? value, string cure)
    {
        ErrorCount++;
        if (errors.Count < MostErrors) errors.Add(new FieldError(field, value is null ? null : Problems.Shorten(value), cure));
    }

    /// <summary>Counts an item.</summary>
    /// <exception cref="BadHttpRequestException">There are too many (413).</exception>
    public int NextIndex()
    {
        if (Count == ReadingLimits.MaxReadings)
            throw new BadHttpRequestException($"send at most {ReadingLimits.MaxReadings} readings a request",
                StatusCodes.Status413PayloadTooLarge);
        return Count++;
    }

    /// <summary>Adds a reading whose ids, time and value have been checked.</summary>
    /// <param name="name">Building and meter with a line feed between.</param>
    /// <param name="reading">The reading.</param>
    public void Add(ReadOnlySpan<byte> name, Reading reading)
    {
        if (!names.TryFind(name, out var series))
        {
            var local = newSeries.GetAlternateLookup<ReadOnlySpan<byte>>();
            if (!local.TryGetValue(name, out series))
            {
                var text = System.Text.Encoding.ASCII.GetString(name);
                var split = text.IndexOf('\n');
                local[name] = series = new Series(organization, text[..split], text[(split + 1)..]);
            }
        }
        Items.Add((series, reading));
    }
}
