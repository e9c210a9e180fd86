using System.Globalization;
using App.Platform.Auth;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace App.Platform.Http.ApiDescription;

/// <summary>Completes an operation by its endpoint's metadata: parameters, texts, the scope that it needs, and how it refuses.</summary>
internal sealed class OperationTransformer : IOpenApiOperationTransformer
{
    /// <inheritdoc/>
    public async Task TransformAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        var document = context.Document!;
        var refusals = metadata.OfType<Refusals>().SelectMany(one => one.Statuses).ToHashSet();

        foreach (var parameter in metadata.OfType<DescribedParameter>()) AddParameter(operation, parameter);
        foreach (var choice in metadata.OfType<DescribedChoice>()) await AddChoiceAsync(operation, choice, context, cancellationToken);
        foreach (var text in metadata.OfType<DescribedText>()) AddText(operation, text);
        if (operation.Parameters?.Any(parameter => parameter.In == ParameterLocation.Query) == true)
            refusals.Add(StatusCodes.Status422UnprocessableEntity);
        if (operation.RequestBody is { } body)
        {
            refusals.UnionWith([400, 413, 415, 422]);
            if (body is OpenApiRequestBody { Description: null } mutable)
                mutable.Description = string.Join(" or ", mutable.Content!.Keys) + ".";
        }

        operation.Security = [];
        if (metadata.OfType<IAuthorizeData>().LastOrDefault()?.Policy is { } scope)
        {
            var key = new OpenApiSecuritySchemeReference(DocumentTransformer.Scheme, document);
            operation.Security.Add(new OpenApiSecurityRequirement { [key] = [scope] });
            var need = $"Needs a key with the scope `{scope}`{(scope == Scopes.Admin ? "" : " (or `admin`)")}.";
            operation.Description = operation.Description is { } known ? $"{known}\n\n{need}" : need;
            refusals.UnionWith([401, 403, 429, 503]);
        }
        operation.Responses ??= [];
        foreach (var (status, response) in operation.Responses)
            if (response is OpenApiResponse answer) answer.Description = AnswerText(status, answer.Description);
        foreach (var status in refusals.Order())
            operation.Responses.TryAdd(
                status.ToString(CultureInfo.InvariantCulture), new OpenApiResponseReference(Refusal.Of(status).Name, document));
    }

    private static async Task AddChoiceAsync(
        OpenApiOperation operation, DescribedChoice choice, OpenApiOperationTransformerContext context, CancellationToken ct)
    {
        var either = new OpenApiSchema { OneOf = [] };
        foreach (var type in new[] { choice.First, choice.Second })
        {
            context.Document!.AddComponent(type.Name, await context.GetOrCreateSchemaAsync(type, null, ct));
            either.OneOf.Add(new OpenApiSchemaReference(type.Name, context.Document));
        }
        var content = choice.IsRequest ? operation.RequestBody!.Content! : operation.Responses!["200"].Content!;
        content["application/json"] = new OpenApiMediaType { Schema = either };
    }

    private static string AnswerText(string status, string? text) => status switch
    {
        "200" => "Done; the answer.",
        "201" => "Made and durable.",
        "202" => "Taken and durable; the work goes on.",
        "204" => "Done and durable; nothing to tell.",
        _ => text ?? status,
    };

    private static void AddParameter(OpenApiOperation operation, DescribedParameter described)
    {
        operation.Parameters ??= [];
        if (operation.Parameters.OfType<OpenApiParameter>().FirstOrDefault(known => known.Name == described.Name) is not { } parameter)
        {
            var place = described.Place == ParameterPlace.Header ? ParameterLocation.Header : ParameterLocation.Query;
            parameter = new OpenApiParameter { Name = described.Name, In = place };
            operation.Parameters.Add(parameter);
        }
        parameter.Description = described.Text;
        if (described.Place == ParameterPlace.Path) return;
        var schema = new OpenApiSchema
        {
            Type = described.Type switch
            {
                "integer" => JsonSchemaType.Integer,
                "boolean" => JsonSchemaType.Boolean,
                _ => JsonSchemaType.String,
            },
            Format = described.Format,
            Minimum = described.Minimum?.ToString(CultureInfo.InvariantCulture),
            Maximum = described.Maximum?.ToString(CultureInfo.InvariantCulture),
            Default = described.Default,
        };
        if (described.OneOf is { } words) SchemaTransformer.SetWords(schema, words);
        parameter.Schema = schema;
        parameter.Example = described.Example;
    }

    private static void AddText(OpenApiOperation operation, DescribedText text)
    {
        var media = new OpenApiMediaType { Schema = new OpenApiSchema { Type = JsonSchemaType.String }, Example = text.Example };
        if (text.IsRequest)
        {
            var body = operation.RequestBody as OpenApiRequestBody ?? new OpenApiRequestBody { Required = true };
            (body.Content ??= new Dictionary<string, OpenApiMediaType>())[text.MediaType] = media;
            operation.RequestBody = body;
            return;
        }
        operation.Responses ??= [];
        if (!operation.Responses.TryGetValue("200", out var found) || found is not OpenApiResponse answer)
            operation.Responses["200"] = answer = new OpenApiResponse();
        (answer.Content ??= new Dictionary<string, OpenApiMediaType>())[text.MediaType] = media;
    }
}
