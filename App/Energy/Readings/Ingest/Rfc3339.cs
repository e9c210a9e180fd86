namespace App.Energy.Readings.Ingest;

/// <summary>Reads RFC 3339 times from bytes: <c>2026-01-01T00:00:00[.fraction](Z|±hh:mm)</c>, to the millisecond.</summary>
internal static class Rfc3339
{
    private static ReadOnlySpan<byte> DaysInMonth => [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

    /// <summary>Unix milliseconds of a time; false when it is none.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out long unixMilliseconds)
    {
        unixMilliseconds = 0;
        if (text.Length < 20 || text[4] != '-' || text[7] != '-' || text[10] is not ((byte)'T' or (byte)'t' or (byte)' ') || text[13] != ':'
            || text[16] != ':')
            return false;
        if (!Digits(text[..4], out var year) || !Digits(text[5..7], out var month) || !Digits(text[8..10], out var day)
            || !Digits(text[11..13], out var hour) || !Digits(text[14..16], out var minute) || !Digits(text[17..19], out var second))
            return false;
        // A leap second is the second after 59: no clock that we compare with counts it.
        if (year < 1 || month is < 1 or > 12 || day < 1 || day > DaysInMonth[month - 1] || hour > 23 || minute > 59 || second > 60)
            return false;
        if (month == 2 && day == 29 && !DateTime.IsLeapYear(year)) return false;

        var rest = text[19..];
        var millisecond = 0;
        if (rest[0] == '.')
        {
            var digits = 1;
            for (var scale = 100; digits < rest.Length && char.IsAsciiDigit((char)rest[digits]); digits++, scale /= 10)
                millisecond += (rest[digits] - '0') * scale;
            if (digits is 1 or > 13) return false;
            rest = rest[digits..];
        }
        if (!TryOffset(rest, out var offsetMinutes)) return false;
        var days = new DateOnly(year, month, day).DayNumber - UnixEpochDay;
        unixMilliseconds = ((((days * 24L) + hour) * 60 + minute - offsetMinutes) * 60 + second) * 1000 + millisecond;
        return true;
    }

    private static readonly int UnixEpochDay = new DateOnly(1970, 1, 1).DayNumber;

    private static bool TryOffset(ReadOnlySpan<byte> text, out int minutes)
    {
        minutes = 0;
        if (text.Length == 1) return text[0] is (byte)'Z' or (byte)'z';
        if (text.Length != 6 || text[3] != ':' || text[0] is not ((byte)'+' or (byte)'-')) return false;
        if (!Digits(text[1..3], out var hour) || !Digits(text[4..6], out var minute) || hour > 23 || minute > 59) return false;
        minutes = (hour * 60 + minute) * (text[0] == '-' ? -1 : 1);
        return true;
    }

    private static bool Digits(ReadOnlySpan<byte> text, out int value)
    {
        value = 0;
        foreach (var c in text)
        {
            if (c is < (byte)'0' or > (byte)'9') return false;
            value = value * 10 + (c - '0');
        }
        return true;
    }
}
