using System.Globalization;
using App.Platform.Http;

namespace App.Energy.Readings;

/// <summary>What <c>GET …/readings</c> was asked for.</summary>
internal sealed record ReadingQuery
{
    // The last millisecond of the year 9999.
    private const long MaxTs = 253_402_300_799_999;

    /// <summary>One meter, or null: all.</summary>
    public string? Meter { get; private init; }

    /// <summary>Unix milliseconds, inclusive.</summary>
    public long From { get; private init; }

    /// <summary>Unix milliseconds, exclusive.</summary>
    public long To { get; private init; }

    /// <summary>Width of the means that are asked for, in milliseconds; 1: the readings themselves.</summary>
    public long StepMs { get; private init; }

    /// <summary>Rows of the page.</summary>
    public int Limit { get; private init; }

    /// <summary>Meter and time of the last row of the page before.</summary>
    public string? AfterMeter { get; private init; }

    /// <inheritdoc cref="AfterMeter"/>
    public long AfterTs { get; private init; }

    /// <summary>Whether text/csv was asked for.</summary>
    public bool Csv { get; private init; }

    /// <summary>What is wrong with the parameters.</summary>
    public required List<FieldError> Faults { get; init; }

    /// <summary>Reads the parameters.</summary>
    public static ReadingQuery Parse(HttpRequest request)
    {
        var faults = new List<FieldError>();
        var position = Paging.Position(request, 2, faults);
        long afterTs = 0;
        if (position is not null
            && (!long.TryParse(position[1], NumberStyles.None, CultureInfo.InvariantCulture, out afterTs) || afterTs > MaxTs))
            faults.Add(new FieldError("cursor", Problems.Shorten(request.Query["cursor"].ToString()),
                "give the 'next' of the page before, unchanged"));
        return new ReadingQuery
        {
            Meter = request.Query["meter"].ToString() is { Length: > 0 } meter ? meter : null,
            From = Paging.Time(request, "from", faults)?.ToUnixTimeMilliseconds() ?? 0,
            To = Paging.Time(request, "to", faults)?.ToUnixTimeMilliseconds() ?? long.MaxValue,
            StepMs = Step(request, faults),
            Limit = Paging.Limit(request, faults),
            AfterMeter = position?[0],
            AfterTs = afterTs,
            Csv = CsvResult.IsAskedFor(request),
            Faults = faults,
        };
    }

    private static long Step(HttpRequest request, List<FieldError> faults)
    {
        var text = request.Query["step"].ToString();
        if (text.Length == 0) return 1;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 1 and <= 86_400)
            return seconds * 1000L;
        faults.Add(new FieldError("step", Problems.Shorten(text), "give seconds from 1 to 86400"));
        return 1;
    }
}
