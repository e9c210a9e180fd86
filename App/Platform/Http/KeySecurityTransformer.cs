using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace App.Platform.Http;

/// <summary>Title of the API document, and the key that its calls need.</summary>
internal sealed class KeySecurityTransformer : IOpenApiDocumentTransformer
{
    /// <inheritdoc/>
    public Task TransformAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Info.Title = "Tandem";
        document.Info.Description = "Readings in, appliance predictions out. Send 'Authorization: Bearer <API key or JWT>'.";
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
        document.Components.SecuritySchemes["key"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer" };
        return Task.CompletedTask;
    }
}
