using System.Text.Json;
using System.Text.Json.Nodes;
using App.Platform.Observability;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;

namespace App.Platform.Http.ApiDescription;

/// <summary>What concerns the API document as a whole: title, groups, the key, refusals, and an example of each body and answer.</summary>
internal sealed class DocumentTransformer(IOptions<JsonOptions> json) : IOpenApiDocumentTransformer
{
    /// <summary>Name of the security scheme.</summary>
    public const string Scheme = "key";

    private const string Intro = """
        Readings in, appliance predictions out; jobs, runs, messages, webhooks and reservations beside them.

        **Key.** Send `Authorization: Bearer <API key or JWT>`. Each operation names the scope that it needs; `admin` includes the others.

        **Lists** come in pages: `limit` says how many items; its `next`, sent as `cursor`, asks for the next page; it is null at the end.

        **Times** are RFC 3339 in UTC. A 2xx to a write means that it is durable.

        **Refusals** are problem details (RFC 9457) whose `errors` name field, value and cure. Unknown fields are refused.
        """;

    private static readonly (string Name, string Text)[] Groups =
    [
        ("readings", "Power that meters have measured, by building and meter."),
        ("disaggregation", "What appliances have used, as a model tells it from the readings."),
        ("pipeline", "The stream between readings and predictions, and what it had to set aside."),
        ("live", "Fingerspelling over the WebSocket `/ws/landmarks`; tickets open it for browsers."),
        ("models", "Versions of models: register, compare, activate."),
        ("jobs", "Jobs, queues and workers: find, look, steer."),
        ("schedules", "What is started at which times."),
        ("runs", "Plans of steps that are carried out durably."),
        ("messages", "What is sent to people and programs, and the endpoints that take webhooks."),
        ("commerce", "Items in stock, reservations, payments."),
        ("webhooks", "What providers send here."),
        ("health", "How the installation does."),
    ];

    /// <inheritdoc/>
    public async Task TransformAsync(
        OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Info = new OpenApiInfo { Title = "Tandem", Version = Health.Version.Split('+')[0], Description = Intro };
        document.Servers = [new OpenApiServer { Url = "/", Description = "The server that this document comes from." }];
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [Scheme] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                Description = "An API key, or a JWT where the operator has set JWT_SECRET_KEY.",
            },
        };
        var used = document.Paths.Values.SelectMany(path => path.Operations!.Values)
            .SelectMany(operation => operation.Tags ?? new HashSet<OpenApiTagReference>()).Select(tag => tag.Name).ToHashSet();
        document.Tags = Groups.Where(group =>
            used.Contains(group.Name)).Select(group => new OpenApiTag { Name = group.Name, Description = group.Text }).ToHashSet();
        document.AddComponent(nameof(Problem), await context.GetOrCreateSchemaAsync(typeof(Problem), null, cancellationToken));
        document.Components.Responses = Refusal.All.ToDictionary(refusal => refusal.Name, refusal => Response(refusal, document));

        JsonValueSchema.Complete(document);
        AnswerSchemas.Complete(document);
        Examples.Add(document);
    }

    private IOpenApiResponse Response(Refusal refusal, OpenApiDocument document)
    {
        var problem = new JsonObject { ["type"] = refusal.Type, ["title"] = refusal.Title, ["status"] = refusal.Status };
        if (refusal.Error is not null)
            problem["errors"] = JsonSerializer.SerializeToNode(new[] { refusal.Error }, json.Value.SerializerOptions);
        var response = new OpenApiResponse
        {
            Description = refusal.Text,
            Content = new Dictionary<string, OpenApiMediaType>
            {
                ["application/problem+json"] = new() { Schema = new OpenApiSchemaReference(nameof(Problem), document), Example = problem },
            },
        };
        if (refusal.Status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable)
            response.Headers = new Dictionary<string, IOpenApiHeader>
            {
                ["Retry-After"] = new OpenApiHeader
                {
                    Description = "Seconds to wait.",
                    Schema = new OpenApiSchema { Type = JsonSchemaType.Integer },
                },
            };
        return response;
    }
}
