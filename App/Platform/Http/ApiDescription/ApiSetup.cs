using Microsoft.AspNetCore.OpenApi;

namespace App.Platform.Http.ApiDescription;

/// <summary><c>/openapi/v1.json</c>: made when it is first asked for, so that starting does not wait for it, and then kept.</summary>
internal static class ApiSetup
{
    /// <summary>Where the document is.</summary>
    public const string Path = "/openapi/v1.json";

    /// <summary>Name of the document.</summary>
    public const string Name = "v1";

    /// <summary>Registers what makes the document.</summary>
    public static void AddApiDescription(this IServiceCollection services)
    {
        services.AddOpenApi(Name, api =>
        {
            api.CreateSchemaReferenceId = info => JsonValueSchema.Is(info.Type)
                ? JsonValueSchema.Id
                : OpenApiOptions.CreateDefaultSchemaReferenceId(info);
            api.AddSchemaTransformer<SchemaTransformer>();
            api.AddOperationTransformer<OperationTransformer>();
            api.AddDocumentTransformer<DocumentTransformer>();
        });
        services.AddSingleton<ApiDocument>();
    }

    /// <summary>Maps it.</summary>
    public static void MapApiDescription(this IEndpointRouteBuilder routes) =>
        routes.MapGet(Path, async (ApiDocument document, HttpResponse response) =>
        {
            var (json, tag) = await document.GetAsync();
            response.Headers.CacheControl = "no-cache";
            return TypedResults.Bytes(json, "application/json; charset=utf-8", entityTag: tag);
        }).ExcludeFromDescription();
}
