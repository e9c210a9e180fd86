using System.Text.Json.Nodes;
using Microsoft.OpenApi;

namespace App.Platform.Http.ApiDescription;

/// <summary>
/// An example of each body and answer: the one that the type's documentation gives (<c>example</c>), or else one that is
/// put together from those of its fields and from their types.
/// </summary>
internal static class Examples
{
    private const int Deepest = 8;

    /// <summary>Adds those that are missing.</summary>
    public static void Add(OpenApiDocument document)
    {
        foreach (var operation in document.Paths.Values.SelectMany(path => path.Operations!.Values))
        {
            foreach (var media in operation.RequestBody?.Content?.Values ?? []) Add(media);
            foreach (var response in operation.Responses?.Values.OfType<OpenApiResponse>() ?? [])
                foreach (var media in response.Content?.Values ?? []) Add(media);
        }
    }

    private static void Add(OpenApiMediaType media)
    {
        if (media is { Example: null, Schema: { } schema }) media.Example = Of(schema, 0);
    }

    private static JsonNode? Of(IOpenApiSchema schema, int depth)
    {
        if (schema.Examples is [{ } given, ..]) return given.DeepClone();
        if (schema.Enum is [var word, ..]) return word.DeepClone();
        if (schema.Default is { } usual) return usual.DeepClone();
        if (schema.OneOf?.FirstOrDefault(choice => choice.Type != JsonSchemaType.Null) is { } chosen) return Of(chosen, depth);
        // Any JSON. An example without a field would not be written.
        if (schema.AnyOf is not null) return new JsonObject { ["key"] = "value" };
        var type = schema.Type & ~JsonSchemaType.Null;
        if (type == JsonSchemaType.Array)
            return depth < Deepest && schema.Items is not null ? new JsonArray(Of(schema.Items, depth + 1)) : [];
        if (type == JsonSchemaType.Object)
        {
            var example = new JsonObject();
            if (depth < Deepest)
                foreach (var (name, property) in schema.Properties ?? new Dictionary<string, IOpenApiSchema>())
                    example[name] = Of(property, depth + 1);
            return example;
        }
        // What need not be there is shown as not being there.
        if (schema.Type?.HasFlag(JsonSchemaType.Null) == true) return JsonNullSentinel.JsonNull.DeepClone();
        return type switch
        {
            JsonSchemaType.Boolean => false,
            JsonSchemaType.Integer => int.TryParse(schema.Minimum, out var least) ? least : 1,
            JsonSchemaType.Number => 0.5,
            JsonSchemaType.String => schema.Format switch
            {
                "date-time" => "2026-11-29T08:00:00Z",
                "uuid" => "019ad0a2-7a3e-7c51-9d2f-1f6d1b0c4e55",
                _ => "text",
            },
            _ => JsonNullSentinel.JsonNull.DeepClone(),
        };
    }
}
