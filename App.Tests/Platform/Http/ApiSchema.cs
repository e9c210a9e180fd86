using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace App.Tests.Platform.Http;

/// <summary>Holds JSON against a schema of the API document: as much of JSON Schema as the document uses.</summary>
internal sealed class ApiSchema(JsonObject document)
{
    /// <summary>What does not fit; empty: everything fits.</summary>
    public IReadOnlyList<string> Faults(JsonNode schema, JsonNode? value)
    {
        var faults = new List<string>();
        Check(schema, value, "$", faults);
        return faults;
    }

    /// <summary>A schema or response itself, where there is only a reference to it.</summary>
    public JsonObject Resolve(JsonNode node)
    {
        if (node["$ref"]?.GetValue<string>() is not { } reference) return node.AsObject();
        return Resolve(reference.Split('/').Skip(1).Aggregate((JsonNode)document, (at, name) => at[name]!));
    }

    private void Check(JsonNode node, JsonNode? value, string path, List<string> faults)
    {
        var schema = Resolve(node);
        foreach (var list in (string[])["oneOf", "anyOf"])
            if (schema[list] is JsonArray choices && choices.All(choice => Faults(choice!, value).Count > 0))
                faults.Add($"{path} is none of {list}: {Show(value)}");
        if (schema["type"] is { } type && !Types(type).Any(one => IsOf(one, value)))
        {
            faults.Add($"{path} is not {type.ToJsonString()}: {Show(value)}");
            return;
        }
        if (schema["enum"] is JsonArray words && !words.Any(word => JsonNode.DeepEquals(word, value)))
            faults.Add($"{path} is no word of {words.ToJsonString()}: {Show(value)}");
        if (value is JsonObject found) CheckObject(schema, found, path, faults);
        if (value is JsonArray items && schema["items"] is { } item)
            for (var i = 0; i < items.Count; i++) Check(item, items[i], $"{path}[{i}]", faults);
        if (value is not null && schema["format"]?.GetValue<string>() is { } format && !HasFormat(format, value))
            faults.Add($"{path} is no {format}: {Show(value)}");
    }

    private void CheckObject(JsonObject schema, JsonObject found, string path, List<string> faults)
    {
        var known = schema["properties"] as JsonObject ?? [];
        foreach (var name in schema["required"]?.AsArray().Select(name => name!.GetValue<string>()) ?? [])
            if (!found.ContainsKey(name)) faults.Add($"{path}.{name} is missing");
        foreach (var (name, value) in found)
        {
            if (known[name] is { } property) Check(property, value, $"{path}.{name}", faults);
            else if (schema["additionalProperties"] is JsonObject other) Check(other, value, $"{path}.{name}", faults);
            // More may come in a later version; in this one, the document tells all.
            else if (known.Count > 0) faults.Add($"{path}.{name} is not described");
        }
    }

    private static IEnumerable<string> Types(JsonNode type) => type is JsonArray many
        ? many.Select(one => one!.GetValue<string>())
        : [type.GetValue<string>()];

    private static bool IsOf(string type, JsonNode? value) => (type, value?.GetValueKind()) switch
    {
        ("null", null or JsonValueKind.Null) => true,
        ("boolean", JsonValueKind.True or JsonValueKind.False) => true,
        ("string", JsonValueKind.String) => true,
        ("number", JsonValueKind.Number) => true,
        ("integer", JsonValueKind.Number) => value!.ToJsonString().All(c => char.IsAsciiDigit(c) || c == '-'),
        ("array", JsonValueKind.Array) => true,
        ("object", JsonValueKind.Object) => true,
        _ => false,
    };

    private static bool HasFormat(string format, JsonNode value) => format switch
    {
        "date-time" => value.GetValue<string>() is [_, _, _, _, '-', .., 'Z'] or [_, _, _, _, '-', .., _, ':', _, _]
            && DateTimeOffset.TryParse(value.GetValue<string>(), CultureInfo.InvariantCulture, out _),
        "uuid" => Guid.TryParseExact(value.GetValue<string>(), "D", out _),
        _ => true,
    };

    private static string Show(JsonNode? value) => value?.ToJsonString() is { } text ? text[..Math.Min(text.Length, 200)] : "null";
}
