using System.Text.Json;
using Microsoft.OpenApi;

namespace App.Platform.Http.ApiDescription;

/// <summary>The schema of any JSON: what a step answered, the body of a message. With it, generated clients know at least that.</summary>
internal static class JsonValueSchema
{
    /// <summary>Its name among the document's schemas.</summary>
    public const string Id = "JsonValue";

    /// <summary>Whether a type stands for any JSON.</summary>
    public static bool Is(Type type) => type == typeof(JsonElement) || type == typeof(JsonElement?) || type == typeof(object);

    /// <summary>Fills the schema, and refers to it wherever nothing else is said of a value.</summary>
    public static void Complete(OpenApiDocument document)
    {
        foreach (var schema in document.Components!.Schemas!.Values.OfType<OpenApiSchema>())
            foreach (var (name, property) in (schema.Properties ?? new Dictionary<string, IOpenApiSchema>()).ToList())
            {
                if (property is OpenApiSchema { Type: null, OneOf: null, AnyOf: null } || IsNullOrAny(property))
                {
                    var text = property.Description ?? property.OneOf?[^1].Description;
                    schema.Properties![name] = new OpenApiSchemaReference(Id, document) { Description = text };
                }
                else if (property is OpenApiSchema { Properties: null, AdditionalProperties: null } map
                    && map.Type?.HasFlag(JsonSchemaType.Object) == true)
                {
                    map.AdditionalProperties = new OpenApiSchemaReference(Id, document);
                }
            }
        if (!document.Components.Schemas.TryGetValue(Id, out var found) || found is not OpenApiSchema any) return;
        any.Description = "Any JSON.";
        // Items of arrays stay open: a type that held arrays of itself is one that TypeScript refuses.
        any.AnyOf =
        [
            new OpenApiSchema { Type = JsonSchemaType.Null },
            new OpenApiSchema { Type = JsonSchemaType.Boolean },
            new OpenApiSchema { Type = JsonSchemaType.Number },
            new OpenApiSchema { Type = JsonSchemaType.String },
            new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchema() },
            new OpenApiSchema { Type = JsonSchemaType.Object, AdditionalProperties = new OpenApiSchemaReference(Id, document) },
        ];
    }

    private static bool IsNullOrAny(IOpenApiSchema property) =>
        property.OneOf is [{ Type: JsonSchemaType.Null }, OpenApiSchemaReference { Reference.Id: Id }];
}
