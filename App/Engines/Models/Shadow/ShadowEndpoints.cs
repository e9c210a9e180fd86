using App.Platform.Auth;
using App.Platform.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace App.Engines.Models.Shadow;

/// <summary>Runs a candidate beside the active version on live inputs, and reports how far they agree before anyone switches.</summary>
internal static class ShadowEndpoints
{
    private const int MostDisagreements = 10;
    private const int MostListed = 50;
    private const string Name = "Name of the model's task.";
    private const string Version = "The version.";

    /// <summary>Maps the calls.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        var models = routes.MapGroup("/api/models/{name}").WithTags("models");
        models.MapGet("/shadows", ListAsync).RequireScope(Scopes.Read)
            .Describe("listShadows", "Comparisons of a model",
                "Versions that run or ran beside the active one, the newest first, at most fifty.")
            .PathParameter("name", Name);
        models.MapPost("/versions/{version:int}/shadow", StartAsync).RequireScope(Scopes.Admin).Refuses(404, 422)
            .Describe("startShadow", "Compare a version with the active one",
                "It is shown a sample of live inputs; nobody sees its answers but this comparison.")
            .PathParameter("name", Name).PathParameter("version", Version);
        models.MapPost("/versions/{version:int}/shadow/stop", StopAsync).RequireScope(Scopes.Admin).Refuses(404)
            .Describe("stopShadow", "End a comparison").PathParameter("name", Name).PathParameter("version", Version);
        models.MapDelete("/versions/{version:int}/shadow", StopAsync).RequireScope(Scopes.Admin).Refuses(404)
            .Describe("deleteShadow", "End a comparison (as DELETE)", "The same as `stopShadow`.").PathParameter("name", Name)
            .PathParameter("version", Version);
    }

    /// <summary>The newest shadow of each of some versions.</summary>
    public static async Task<IReadOnlyDictionary<int, ShadowAnswer>> NewestAsync(ShadowRegistry shadows, IEnumerable<int> versions,
        CancellationToken ct)
    {
        var rows = await shadows.NewestOfAsync(versions, ct);
        var disagreements = await shadows.DisagreementsAsync(rows.Select(row => row.Id), MostDisagreements, ct);
        return rows.ToDictionary(row => row.CandidateId, row => ShadowAnswer.Of(row, [.. disagreements[row.Id]]));
    }

    private static async Task<Ok<ShadowList>> ListAsync(string name, ShadowRegistry shadows, CancellationToken ct)
    {
        var rows = await shadows.OfNameAsync(name, MostListed, ct);
        var disagreements = await shadows.DisagreementsAsync(rows.Select(row => row.Id), MostDisagreements, ct);
        return TypedResults.Ok(new ShadowList([.. rows.Select(row => ShadowAnswer.Of(row, [.. disagreements[row.Id]]))]));
    }

    private static async Task<Results<Ok<ShadowAnswer>, ProblemHttpResult>> StartAsync(
        string name, int version, ModelRegistry registry, ShadowRegistry shadows, ModelLoader loader, ShadowModels models,
        ILogger<ShadowModels> log, CancellationToken ct)
    {
        if (await registry.FindAsync(name, version, ct) is not { } candidate) return NoVersion(name, version);
        if (candidate.State == ModelVersion.Active) return Refuse("it serves already: choose a candidate or a retired version");
        if ((await registry.VersionsAsync(name, ct)).FirstOrDefault(other => other.State == ModelVersion.Active) is not { } active)
            return Refuse($"no version of '{name}' is active to hold it against: activate one");
        try
        {
            // Known to run before it is shown anything.
            using var loaded = await loader.LoadAsync(candidate, ct);
            var input = ModelSpec.Parse(active.Spec).Input;
            if (!loaded.Spec.Input.Shape.SequenceEqual(input.Shape))
                return Refuse($"its input is {loaded.Spec.Input}, and the active version's {input}: they cannot be shown the same");
        }
        catch (InvalidModelException e)
        {
            log.LogWarning("Candidate {Model:l} cannot run beside the active version: {Fault:l}", candidate.Label, e.Detail);
            return Refuse(e.Message.TrimEnd('.'));
        }
        if (await shadows.StartAsync(candidate, ct) is null) return Refuse("the active version has changed meanwhile: try again");
        await models.RefreshAsync(ct);
        return TypedResults.Ok((await NewestAsync(shadows, [candidate.Id], ct))[candidate.Id]);

        ProblemHttpResult Refuse(string why) => Problems.Of(StatusCodes.Status422UnprocessableEntity,
            "The version cannot run beside the active one.", new FieldError("version", $"{name}@{version}", $"Here {why}."));
    }

    private static async Task<Results<Ok<ShadowAnswer>, ProblemHttpResult>> StopAsync(
        string name, int version, ModelRegistry registry, ShadowRegistry shadows, ShadowModels models, CancellationToken ct)
    {
        if (await registry.FindAsync(name, version, ct) is not { } candidate) return NoVersion(name, version);
        await models.CompareAsync(ct);
        await shadows.EndAsync(candidate, ct);
        await models.RefreshAsync(ct);
        return (await NewestAsync(shadows, [candidate.Id], ct)).TryGetValue(candidate.Id, out var ended)
            ? TypedResults.Ok(ended)
            : Problems.NotFound("shadow of", $"{name}@{version}");
    }

    private static ProblemHttpResult NoVersion(string name, int version) => Problems.NotFound("model version", $"{name}@{version}");
}

/// <summary>Shadows of a name, newest first.</summary>
/// <param name="Shadows">At most fifty.</param>
internal sealed record ShadowList(IReadOnlyList<ShadowAnswer> Shadows);
