using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace App.Platform.Http.ApiDescription;

/// <summary>Says of a type or property what its .NET type does not: words, moments, and that numbers are numbers.</summary>
internal sealed class SchemaTransformer : IOpenApiSchemaTransformer
{
    /// <inheritdoc/>
    public Task TransformAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        if (schema.Type is { } type && (type.HasFlag(JsonSchemaType.Integer) || type.HasFlag(JsonSchemaType.Number)))
        {
            // Numbers are read from texts as well, but written as numbers.
            schema.Type = type & ~JsonSchemaType.String;
            schema.Pattern = null;
        }
        if (context.JsonPropertyInfo is not null && schema.Default is { } usual)
        {
            // Generators take a field with a default for one that is always there, and would have callers send it.
            schema.Description = $"{schema.Description} Without it: `{usual.ToJsonString()}`.";
            schema.Default = null;
        }
        if (Attribute<OneOfAttribute>(context.JsonPropertyInfo) is { } oneOf) SetWords(schema, oneOf.Words);
        if (Attribute<DataTypeAttribute>(context.JsonPropertyInfo)?.DataType == DataType.DateTime) schema.Format = "date-time";
        return Task.CompletedTask;
    }

    /// <summary>Limits a text to words; where it can be null, null is among them.</summary>
    public static void SetWords(OpenApiSchema schema, IEnumerable<string> words)
    {
        schema.Enum = [.. words];
        if (schema.Type?.HasFlag(JsonSchemaType.Null) == true) schema.Enum.Add(JsonNullSentinel.JsonNull);
    }

    // Of a record's parameter, the attribute is at the parameter.
    private static T? Attribute<T>(JsonPropertyInfo? property) where T : Attribute =>
        property?.AttributeProvider?.GetCustomAttributes(typeof(T), inherit: true).OfType<T>().FirstOrDefault()
        ?? (property?.AssociatedParameter?.AttributeProvider as ParameterInfo)?.GetCustomAttribute<T>();
}
