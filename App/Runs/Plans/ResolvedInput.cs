using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace App.Runs.Plans;

/// <summary>A step's input with every reference replaced by what it refers to.</summary>
internal static class ResolvedInput
{
    /// <summary>How values are written: as they are, without the escapes that HTML would need.</summary>
    public static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonDocumentOptions Reading = new() { MaxDepth = 256 };

    /// <summary>Resolves an input.</summary>
    /// <param name="input">As it was sent.</param>
    /// <param name="valueOf">What the head of a reference stands for (its path not followed); null: there is no such value.</param>
    /// <exception cref="MissingValueException">A reference leads nowhere, or the whole becomes too large.</exception>
    public static JsonElement Of(JsonElement input, Func<Reference, JsonElement?> valueOf)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Writing)) Write(input, writer, buffer, valueOf);
        return JsonElement.Parse(buffer.WrittenSpan, Reading);
    }

    private static void Write(JsonElement value, Utf8JsonWriter writer, ArrayBufferWriter<byte> buffer,
        Func<Reference, JsonElement?> valueOf)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var property in value.EnumerateObject())
                {
                    writer.WritePropertyName(property.Name);
                    Write(property.Value, writer, buffer, valueOf);
                }
                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray()) Write(item, writer, buffer, valueOf);
                writer.WriteEndArray();
                break;
            case JsonValueKind.String when value.GetString() is { } text && Template.IsIn(text):
                WriteText(text, writer, valueOf);
                break;
            default:
                value.WriteTo(writer);
                break;
        }
        if (buffer.WrittenCount + writer.BytesPending > PlanLimits.ResolvedBytes)
            throw new MissingValueException(
                $"The input is larger than {PlanLimits.ResolvedBytes >> 20} MB once its references are resolved: refer to less.");
    }

    private static void WriteText(string text, Utf8JsonWriter writer, Func<Reference, JsonElement?> valueOf)
    {
        var template = Template.Parse(text, out var fault);
        if (fault is not null) throw new MissingValueException(fault);
        if (template.Single is { } single)
        {
            Find(single, valueOf).WriteTo(writer);
            return;
        }
        var whole = new StringBuilder();
        foreach (var part in template.Parts)
        {
            if (part.Reference is null) whole.Append(part.Text);
            else
            {
                var value = Find(part.Reference, valueOf);
                whole.Append(value.ValueKind == JsonValueKind.String ? value.GetString() : value.GetRawText());
            }
            if (whole.Length > PlanLimits.ResolvedBytes)
                throw new MissingValueException(
                    $"A text is larger than {PlanLimits.ResolvedBytes >> 20} MB once its references are resolved: refer to less.");
        }
        writer.WriteStringValue(whole.ToString());
    }

    private static JsonElement Find(Reference reference, Func<Reference, JsonElement?> valueOf)
    {
        if (valueOf(reference) is not { } head)
            throw new MissingValueException(
                $"'{{{{{reference.Text}}}}}' has no value: step '{reference.Step}' has no {reference.Property}.");
        var followed = Reference.Follow(head, reference.Path, out var found);
        if (followed == reference.Path.Count) return found;
        throw new MissingValueException(
            $"'{{{{{reference.Text}}}}}' leads nowhere: there is no '{reference.Path[followed]}' in {Kind(found)}.");
    }

    private static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => value.EnumerateObject().Select(property => property.Name).Take(10).ToList() is { Count: > 0 } names
            ? $"an object with {string.Join(", ", names)}"
            : "an empty object",
        JsonValueKind.Array => $"a list of {value.GetArrayLength()}",
        JsonValueKind.Null => "null",
        var kind => $"a {kind.ToString().ToLowerInvariant()}",
    };
}

/// <summary>A reference leads nowhere: the step fails at once, for another attempt would find the same.</summary>
internal sealed class MissingValueException(string message) : Exception(message);
