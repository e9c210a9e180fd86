namespace App.Energy.Readings;

/// <summary>A measured value.</summary>
/// <param name="Ts">Unix milliseconds.</param>
/// <param name="Watts">Power in W; negative where the house feeds into the grid.</param>
internal readonly record struct Reading(long Ts, double Watts);

/// <summary>What is taken: the limits of ids, times and values.</summary>
internal static class ReadingLimits
{
    /// <summary>Largest magnitude of a reading in W.</summary>
    public const double MaxWatts = 10_000_000;

    /// <summary>Readings of one request.</summary>
    public const int MaxReadings = 100_000;

    /// <summary>Bytes of a body once unpacked.</summary>
    public const long MaxUnpackedBytes = 64L * 1024 * 1024;

    /// <summary>Characters of an id.</summary>
    public const int MaxIdLength = 128;

    /// <summary>Earliest time taken, Unix milliseconds: 2000-01-01.</summary>
    public const long MinTs = 946_684_800_000;

    /// <summary>How far ahead of now a reading may be.</summary>
    public static readonly TimeSpan MaxAhead = TimeSpan.FromDays(1);

    /// <summary>Whether the bytes are an id: 1 to 128 of <c>A-Za-z0-9._:-</c>.</summary>
    public static bool IsId(ReadOnlySpan<byte> id) => id.Length is > 0 and <= MaxIdLength && id.IndexOfAnyExcept(IdBytes) < 0;

    private static readonly System.Buffers.SearchValues<byte> IdBytes =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-"u8);
}
