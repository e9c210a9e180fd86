using System.Text.Json;

namespace App.Platform.Http;

/// <summary>Reads the fields of a JSON object; what does not fit becomes a fault that names field, value and cure.</summary>
/// <param name="Value">The object.</param>
/// <param name="Field">Where it stands; empty: it is the body.</param>
/// <param name="Faults">Collects what is wrong.</param>
internal readonly record struct JsonFields(JsonElement Value, string Field, List<FieldError> Faults)
{
    /// <summary>A value as a message shows it.</summary>
    public static string Show(JsonElement value) =>
        Problems.Shorten(value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText());

    /// <summary>Refuses fields of other names.</summary>
    public void Only(params ReadOnlySpan<string> names)
    {
        if (Value.ValueKind != JsonValueKind.Object) return;
        foreach (var property in Value.EnumerateObject())
            if (!names.Contains(property.Name))
                Fault(property.Name, Show(property.Value), $"remove it: known are {string.Join(", ", names!)}");
    }

    /// <summary>A field's value; null when it is not there, or null.</summary>
    public JsonElement? Find(string name) =>
        Value.ValueKind == JsonValueKind.Object && Value.TryGetProperty(name, out var found) && found.ValueKind != JsonValueKind.Null
            ? found : null;

    /// <summary>A text.</summary>
    public string? Text(string name, bool required)
    {
        if (Find(name) is not { } value) return Missing<string?>(name, required, "give a text");
        return value.ValueKind == JsonValueKind.String ? value.GetString() : Fault<string?>(name, Show(value), "give a text", null);
    }

    /// <summary>A whole number within bounds.</summary>
    public int Integer(string name, int fallback, int min, int max)
    {
        if (Find(name) is not { } value) return fallback;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= min && number <= max) return number;
        return Fault(name, Show(value), $"give a whole number from {min} to {max}", fallback);
    }

    /// <summary>A whole number within bounds that must be there.</summary>
    public long Long(string name, long min, long max)
    {
        if (Find(name) is not { } value) return Missing<long>(name, required: true, $"give a whole number from {min} to {max}");
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= min && number <= max) return number;
        return Fault(name, Show(value), $"give a whole number from {min} to {max}", min);
    }

    /// <summary>true or false.</summary>
    public bool Flag(string name, bool fallback)
    {
        if (Find(name) is not { } value) return fallback;
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? value.GetBoolean() : Fault(name, Show(value), "give true or false", fallback);
    }

    /// <summary>A list.</summary>
    public IReadOnlyList<JsonElement>? List(string name, bool required)
    {
        if (Find(name) is not { } value) return Missing<IReadOnlyList<JsonElement>?>(name, required, "give a list; [] for an empty one");
        return value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray()] : Fault<IReadOnlyList<JsonElement>?>(name, Show(value), "give a list", null);
    }

    /// <summary>An object.</summary>
    public JsonFields? Object(string name, bool required = true)
    {
        if (Find(name) is not { } value) return Missing<JsonFields?>(name, required, "give an object");
        return value.ValueKind == JsonValueKind.Object
            ? this with { Value = value, Field = At(name) }
            : Fault<JsonFields?>(name, Show(value), "give an object", null);
    }

    /// <summary>Notes a fault of a field.</summary>
    public void Fault(string name, string? value, string cure) =>
        Faults.Add(new FieldError(At(name), value is null ? null : Problems.Shorten(value), cure));

    private T Fault<T>(string name, string? value, string cure, T fallback)
    {
        Fault(name, value, cure);
        return fallback;
    }

    private T? Missing<T>(string name, bool required, string cure) => required ? Fault<T?>(name, null, cure, default) : default;

    private string At(string name) => Field.Length == 0 ? Problems.Shorten(name) : $"{Field}.{Problems.Shorten(name)}";
}
