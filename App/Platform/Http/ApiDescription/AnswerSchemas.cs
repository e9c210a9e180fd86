using Microsoft.OpenApi;

namespace App.Platform.Http.ApiDescription;

/// <summary>
/// Tells the schemas of answers from those of requests: an answer carries each of its fields, null or not, and may carry
/// more in a later version; of a request some may be left out, and no others are taken.
/// </summary>
internal static class AnswerSchemas
{
    /// <summary>Completes the schemas that occur in answers alone.</summary>
    public static void Complete(OpenApiDocument document)
    {
        var sent = new HashSet<OpenApiSchema>();
        foreach (var operation in document.Paths.Values.SelectMany(path => path.Operations!.Values))
            foreach (var media in operation.RequestBody?.Content?.Values ?? [])
                Collect(media.Schema, sent);

        foreach (var (name, schema) in document.Components!.Schemas!)
        {
            if (name == nameof(Problem)) continue;
            if (schema is OpenApiSchema { Properties: { Count: > 0 } properties } answer && !sent.Contains(answer))
            {
                answer.Required = properties.Keys.ToHashSet();
                answer.AdditionalPropertiesAllowed = true;
            }
        }
    }

    private static void Collect(IOpenApiSchema? schema, HashSet<OpenApiSchema> found)
    {
        if (schema is OpenApiSchemaReference reference) schema = reference.Target;
        if (schema is not OpenApiSchema own || !found.Add(own)) return;
        foreach (var property in own.Properties?.Values ?? []) Collect(property, found);
        foreach (var choice in (own.OneOf ?? []).Concat(own.AnyOf ?? [])) Collect(choice, found);
        Collect(own.Items, found);
        Collect(own.AdditionalProperties, found);
    }
}
