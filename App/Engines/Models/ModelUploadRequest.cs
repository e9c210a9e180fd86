using System.Text.Json;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace App.Engines.Models;

/// <summary>A version to be registered, as JSON.</summary>
internal sealed record ModelUploadRequest
{
    /// <summary>What the model says of itself, in the shape of <c>ModelSpec</c>.</summary>
    public JsonElement Spec { get; init; }

    /// <summary>The ONNX file; without it the artifact is fetched.</summary>
    public byte[]? ArtifactBase64 { get; init; }

    /// <summary>Hash that the artifact must have, in hexadecimal.</summary>
    public string? Sha256 { get; init; }

    /// <summary>Says in the API document what the spec holds, and that the same is taken as a form.</summary>
    public static async Task DescribeAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken ct)
    {
        var spec = await context.GetOrCreateSchemaAsync(typeof(ModelSpec), null, ct);
        context.Document!.AddComponent(nameof(ModelSpec), spec);
        var request = (OpenApiSchema)context.Document.Components!.Schemas![nameof(ModelUploadRequest)];
        request.Properties!["spec"] = new OpenApiSchemaReference(nameof(ModelSpec), context.Document);
        request.Required = new HashSet<string> { "spec" };
        var form = new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Required = new HashSet<string> { "spec" },
            Properties = new Dictionary<string, IOpenApiSchema>
            {
                ["artifact"] = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary", Description = "The ONNX file." },
                ["spec"] = new OpenApiSchemaReference(nameof(ModelSpec), context.Document),
                ["sha256"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "Hash of the artifact, in hexadecimal." },
            },
        };
        operation.RequestBody!.Content!["multipart/form-data"] = new OpenApiMediaType { Schema = form };
    }
}
