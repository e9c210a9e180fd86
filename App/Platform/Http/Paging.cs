using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace App.Platform.Http;

/// <summary>The parameters that lists share: <c>limit</c>, <c>cursor</c>, <c>from</c>, <c>to</c>.</summary>
internal static class Paging
{
    /// <summary>Items of a page when nothing is asked.</summary>
    public const int DefaultLimit = 100;

    /// <summary>Items of a page at most.</summary>
    public const int MaxLimit = 10_000;

    /// <summary>Reads the limit; adds a fault when it is none.</summary>
    public static int Limit(HttpRequest request, List<FieldError> faults)
    {
        var text = request.Query["limit"].ToString();
        if (text.Length == 0) return DefaultLimit;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit is >= 1 and <= MaxLimit)
            return limit;
        faults.Add(new FieldError("limit", Problems.Shorten(text), $"give a whole number from 1 to {MaxLimit}"));
        return DefaultLimit;
    }

    /// <summary>Reads a time (RFC 3339 or Unix milliseconds); adds a fault when it is none.</summary>
    public static DateTimeOffset? Time(HttpRequest request, string name, List<FieldError> faults)
    {
        var text = request.Query[name].ToString();
        if (text.Length == 0) return null;
        // A plus sign that was not escaped arrives as a blank.
        if (DateTimeOffset.TryParse(text.Replace(' ', text.Contains('T') ? '+' : ' '), CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            && text is [_, _, _, _, '-', _, _, '-', ..]) return time;
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var ms)
            && ms is >= -62_135_596_800_000 and <= 253_402_300_799_999)
            return DateTimeOffset.FromUnixTimeMilliseconds(ms);
        faults.Add(new FieldError(name, Problems.Shorten(text),
            "give an RFC 3339 time such as 2026-01-01T00:00:00Z, or Unix milliseconds"));
        return null;
    }

    /// <summary>Reads a cursor made by <see cref="Cursor"/>; adds a fault when it is none.</summary>
    public static string[]? Position(HttpRequest request, int parts, List<FieldError> faults)
    {
        var text = request.Query["cursor"].ToString();
        if (text.Length == 0) return null;
        try
        {
            var found = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text)).Split('\n');
            // Control characters are in no name of ours, and the database takes no NUL.
            if (found.Length == parts && !found.Any(part => part.Any(char.IsControl))) return found;
        }
        catch (FormatException)
        {
            // Said below.
        }
        faults.Add(new FieldError("cursor", Problems.Shorten(text), "give the 'next' of the page before, unchanged"));
        return null;
    }

    /// <summary>A cursor that names the last item of a page.</summary>
    public static string Cursor(params ReadOnlySpan<string> parts) =>
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes(string.Join('\n', parts!)));
}
