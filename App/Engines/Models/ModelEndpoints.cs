using App.Engines.Models.Shadow;
using App.Platform.Auth;
using App.Platform.Database;
using App.Platform.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;

namespace App.Engines.Models;

/// <summary>The registry over HTTP: list, register, activate. Going back is activating the earlier version.</summary>
internal static class ModelEndpoints
{
    private const int MostListed = 10_000;

    /// <summary>Maps the calls.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        var models = routes.MapGroup("/api/models").WithTags("models");
        models.MapGet("/", ListAsync).RequireScope(Scopes.Read).Pages().Refuses(400)
            .Describe("listModels", "Model versions",
                "In the order of their registration, with their scores and the newest shadow of each.");
        models.MapPost("/{name}/versions", RegisterAsync).RequireScope(Scopes.Admin).AddEndpointFilter(OperatorOnly)
            .WithMetadata(new RequestSizeLimitAttribute(ModelOptions.MostBytes + (1 << 20)))
            .Describe("registerModelVersion", "Register a version",
                "As JSON, or as a form with the parts `artifact` (the ONNX file), `spec` (JSON) and `sha256`. Without an artifact it is "
                + "fetched from MODEL_ARTIFACT_BASE_URL. The version is loaded once before it is taken; it serves when it is activated. "
                + "The operator's alone.")
            .PathParameter("name", "Name of the model's task, such as `disaggregation`.")
            .Takes<ModelUploadRequest>().AddOpenApiOperationTransformer(ModelUploadRequest.DescribeAsync);
        models.MapPost("/{name}/versions/{version:int}/activate", ActivateAsync).RequireScope(Scopes.Admin).Refuses(404, 422)
            .Describe("activateModelVersion", "Serve with a version",
                "All processes change to it without a pause. Going back is activating the earlier version.")
            .PathParameter("name", "Name of the model's task.").PathParameter("version", "The version.");
        models.MapPost("/{name}/{version:int}/activate", ActivateAsync).RequireScope(Scopes.Admin).Refuses(404, 422)
            .Describe("activateModel", "Serve with a version (short address)", "The same as `activateModelVersion`.")
            .PathParameter("name", "Name of the model's task.").PathParameter("version", "The version.");
        ShadowEndpoints.Map(routes);
    }

    // A model serves every organization, and is code that runs in the server. Asked before the body is read.
    private static async ValueTask<object?> OperatorOnly(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var user = context.HttpContext.User;
        if (user.IsOperator()) return await next(context);
        var cure = $"Use an admin key of the organization '{Scopes.OperatorsOrganization}'.";
        return Problems.Of(StatusCodes.Status403Forbidden, "Models serve every organization: only the operator registers versions.",
            new FieldError("organization", user.Organization(), cure));
    }

    private static async Task<Results<Ok<ModelPage>, ProblemHttpResult>> ListAsync(
        AppDbContext db, ActiveModels models, ShadowRegistry registry, CancellationToken ct, int limit = 100, string? cursor = null)
    {
        if (limit is < 1 or > MostListed)
            return Problems.Unprocessable(new FieldError("limit", limit.ToString(), $"Give a whole number from 1 to {MostListed}."));
        var after = 0;
        if (cursor is not null && !int.TryParse(cursor, out after))
            return Problems.Unprocessable(new FieldError("cursor", Problems.Shorten(cursor), "Give the next of the page before."));
        var rows = await db.Set<ModelVersion>().AsNoTracking()
            .Where(version => version.Id > after).OrderBy(version => version.Id).Take(limit + 1).ToListAsync(ct);
        var page = rows.Take(limit).ToList();
        var shadows = await ShadowEndpoints.NewestAsync(registry, page.Select(version => version.Id), ct);
        return TypedResults.Ok(new ModelPage(
            [.. page.Select(version => ModelAnswer.Of(version, models, shadows.GetValueOrDefault(version.Id)))],
            rows.Count > limit ? page[^1].Id.ToString() : null));
    }

    private static async Task<Results<Created<ModelAnswer>, ProblemHttpResult>> RegisterAsync(
        string name, HttpRequest request, ModelRegistry registry, ModelArtifacts artifacts, ModelLoader loader, ActiveModels models,
        ILogger<ModelLoader> log, CancellationToken ct)
    {
        if (!request.HasFormContentType && !request.HasJsonContentType())
            return Problems.Of(StatusCodes.Status415UnsupportedMediaType, "The body is of a kind that is not taken here.",
                new FieldError("Content-Type", request.ContentType,
                    "Send multipart/form-data with the parts artifact and spec, or application/json."));
        try
        {
            var upload = await ModelUpload.ReadAsync(request, ct);
            if (upload.Spec.Name != name)
                throw new InvalidModelException(
                    $"spec.name is '{upload.Spec.Name}', but the URL says '{Problems.Shorten(name)}': use one name.", "spec.name");
            var added = upload.Artifact is { } artifact
                ? await AddAsync(upload, artifact)
                : await AddFetchedAsync(upload);
            return TypedResults.Created($"/api/models/{added.Name}/versions/{added.Version}", ModelAnswer.Of(added, models));
        }
        catch (InvalidModelException e)
        {
            return Refused(e, name, log);
        }

        async Task<ModelVersion> AddAsync(ModelUpload upload, byte[] artifact)
        {
            if (upload.Sha256 is { } expected) ModelArtifacts.Checked(artifact, expected, "that was sent");
            loader.Load(artifact, upload.Spec).Dispose();
            return await registry.AddAsync(upload.Spec, ModelArtifacts.HashOf(artifact), artifact, null, ct);
        }

        async Task<ModelVersion> AddFetchedAsync(ModelUpload upload)
        {
            if (upload.Sha256 is not { } sha256)
                throw new InvalidModelException("There is no artifact: send it, or the sha256 of the one under MODEL_ARTIFACT_BASE_URL.",
                    "artifact");
            var versions = await registry.VersionsAsync(name, ct);
            var path = ModelArtifacts.PathOf(name, versions.Count == 0 ? 1 : versions[^1].Version + 1);
            loader.Load(await artifacts.FetchAsync(path, sha256, ct), upload.Spec).Dispose();
            return await registry.AddAsync(upload.Spec, sha256, null, path, ct);
        }
    }

    private static async Task<Results<Ok<ModelAnswer>, ProblemHttpResult>> ActivateAsync(
        string name, int version, ModelRegistry registry, ModelLoader loader, ActiveModels models, ILogger<ModelLoader> log,
        CancellationToken ct)
    {
        if (await registry.FindAsync(name, version, ct) is not { } found)
            return Problems.NotFound("model version", Problems.Shorten($"{name}@{version}"));
        try
        {
            // Known to run before anybody is told to serve with it.
            (await loader.LoadAsync(found, ct)).Dispose();
        }
        catch (InvalidModelException e)
        {
            return Refused(e, found.Label, log);
        }
        await registry.ActivateAsync(found, ct);
        models.Get(name).RetryNow();
        await models.RefreshAsync(ct);
        return TypedResults.Ok(ModelAnswer.Of((await registry.FindAsync(name, version, ct))!, models));
    }

    private static ProblemHttpResult Refused(InvalidModelException fault, string model, ILogger log)
    {
        log.LogWarning("Refused a version of model {Model}: {Fault}", Problems.Shorten(model), fault.Detail);
        return Problems.Of(StatusCodes.Status422UnprocessableEntity, "The model version cannot be taken.",
            new FieldError(fault.Field, null, fault.Message));
    }
}

/// <summary>A page of versions in the order of their registration.</summary>
/// <param name="Models">The versions.</param>
/// <param name="Next">Cursor of the next page; null at the end.</param>
internal sealed record ModelPage(IReadOnlyList<ModelAnswer> Models, string? Next);
