using System.Globalization;
using System.Text.Json;
using App.Engines.Jobs;

namespace App.Exchange.Webhooks.Providers;

/// <summary>Reads what providers send, which is not always as they say.</summary>
internal static class Payload
{
    private const int LongestReference = 200;

    /// <summary>A member below others; null: it is not there, or null.</summary>
    public static JsonElement? At(this JsonElement element, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element)) return null;
        return element.ValueKind == JsonValueKind.Null ? null : element;
    }

    /// <summary>A text, or a number as text; null: neither is there.</summary>
    public static string? TextAt(this JsonElement element, params ReadOnlySpan<string> path)
    {
        if (element.At(path) is not { ValueKind: JsonValueKind.String or JsonValueKind.Number } found) return null;
        try
        {
            return StoredText.Cut(found.ToString(), 65_536);
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, which no text of ours may have.
            return null;
        }
    }

    /// <summary>The members of a list; none where there is none.</summary>
    public static IEnumerable<JsonElement> ListAt(this JsonElement element, params ReadOnlySpan<string> path) =>
        element.At(path) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : [];

    /// <summary>A name of at most 200 characters that must be there.</summary>
    public static string NameAt(this JsonElement element, params ReadOnlySpan<string> path) =>
        element.TextAt(path) is { Length: > 0 and <= LongestReference } name
            ? name
            : throw new UnusableEventException(
                $"'{string.Join('.', path!)}' is missing, empty or longer than {LongestReference} characters.");

    /// <summary>A currency that must be there.</summary>
    public static string CurrencyAt(this JsonElement element, params ReadOnlySpan<string> path) =>
        element.TextAt(path)?.ToUpperInvariant() is { Length: 3 } currency && currency.All(char.IsAsciiLetterUpper)
            ? currency : throw new UnusableEventException($"'{string.Join('.', path!)}' is no currency.");

    /// <summary>An amount in the smallest unit of its currency.</summary>
    /// <param name="element">Where it is.</param>
    /// <param name="name">Its name.</param>
    /// <param name="perUnit">How many of the smallest unit make one of what the provider counts in.</param>
    public static long MinorAt(this JsonElement element, string name, int perUnit = 1)
    {
        if (decimal.TryParse(element.TextAt(name),
            NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture,
            out var amount)
            && amount is >= 0 and <= 1_000_000_000_000 && decimal.IsInteger(amount * perUnit))
            return (long)(amount * perUnit);
        throw new UnusableEventException($"'{name}' is no amount of money: '{element.TextAt(name)}'.");
    }

    /// <summary>What whoever began a payment wrote beside it: which reservation it pays, and whose that is.</summary>
    public static (Guid? ReservationId, string? Organization) MetadataAt(this JsonElement element, string name)
    {
        if (element.At(name) is not { } metadata) return default;
        // It may come back as the text that it was sent as.
        if (metadata.ValueKind == JsonValueKind.String && element.TextAt(name) is { } text && text.StartsWith('{'))
        {
            try
            {
                metadata = JsonElement.Parse(text);
            }
            catch (JsonException)
            {
                return default;
            }
        }
        return (Guid.TryParse(metadata.TextAt("reservationId") ?? metadata.TextAt("reservation_id"), out var id) ? id : null,
            metadata.TextAt("organization"));
    }
}
