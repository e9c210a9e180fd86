using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;

namespace App.Platform.Http;

/// <summary>JSON as it is taken here: names are not repeated, and every text can be read.</summary>
internal static class StrictJson
{
    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false, MaxDepth = 40 };

    /// <summary>Reads it.</summary>
    /// <exception cref="JsonException">It is none, is nested deeper than 40 levels, repeats a name, or has half of a surrogate
    /// pair.</exception>
    public static JsonElement Parse(ReadOnlySpan<byte> json)
    {
        var parsed = JsonElement.Parse(json, Options);
        try
        {
            Read(parsed);
            return parsed;
        }
        catch (InvalidOperationException e)
        {
            // The parser takes "\ud800" and throws when it is read.
            throw new JsonException("A text has half of a surrogate pair (\\ud800 to \\udfff).", e);
        }
    }

    /// <summary>A hash that is the same for all ways to write the same value: blanks and the order of names do not count.</summary>
    public static byte[] HashOf(JsonElement value)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer)) WriteOrdered(value, writer);
        return SHA256.HashData(buffer.WrittenSpan);
    }

    private static void Read(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                value.GetString();
                break;
            case JsonValueKind.Object:
                foreach (var property in value.EnumerateObject())
                {
                    _ = property.Name;
                    Read(property.Value);
                }
                break;
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray()) Read(item);
                break;
        }
    }

    private static void WriteOrdered(JsonElement value, Utf8JsonWriter writer)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var property in value.EnumerateObject().OrderBy(property => property.Name, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(property.Name);
                    WriteOrdered(property.Value, writer);
                }
                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray()) WriteOrdered(item, writer);
                writer.WriteEndArray();
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }
}
