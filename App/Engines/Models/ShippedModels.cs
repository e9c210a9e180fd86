using System.Text.Json;

namespace App.Engines.Models;

/// <summary>
/// The models that come with the build, as <c>Models/Shipped/&lt;name&gt;.onnx</c> and <c>.json</c>. The first start
/// registers and activates them; a later build's replace them, unless somebody has activated a version of their own. One that
/// is fed otherwise waits to be activated: processes of the build before, which may still run or come back, feed it wrongly.
/// </summary>
internal sealed class ShippedModels(ModelRegistry registry, ModelLoader loader, ILogger<ShippedModels> log)
{
    /// <summary>Marks registered versions that came with a build, in <see cref="ModelVersion.ArtifactUrl"/>.</summary>
    public const string Origin = "shipped:";

    /// <summary>Where the build puts them.</summary>
    public static string Folder => Path.Combine(AppContext.BaseDirectory, "Models", "Shipped");

    /// <summary>The shipped model of a name with its spec; null when the build has none.</summary>
    /// <exception cref="InvalidModelException">Its files cannot be read.</exception>
    public static ShippedModel? Find(string name, string? folder = null)
    {
        var artifact = Path.Combine(folder ?? Folder, name + ".onnx");
        return File.Exists(artifact) ? new ShippedModel(File.ReadAllBytes(artifact), ReadSpec(artifact)) : null;
    }

    /// <summary>The spec in <c>model.json</c> beside <c>model.onnx</c>.</summary>
    /// <exception cref="InvalidModelException">It is missing or no spec.</exception>
    public static ModelSpec ReadSpec(string artifact)
    {
        var file = Path.ChangeExtension(artifact, ".json");
        try
        {
            return ModelSpec.Parse(File.ReadAllText(file));
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new InvalidModelException($"The model's spec {file} cannot be read: {e.Message}", "spec");
        }
    }

    /// <summary>Registers what the registry lacks. Any number of processes may do so at once.</summary>
    /// <param name="folder">Where the models are.</param>
    /// <param name="ct">Gives up.</param>
    public async Task RegisterAsync(string folder, CancellationToken ct)
    {
        if (!Directory.Exists(folder)) return;
        foreach (var file in Directory.EnumerateFiles(folder, "*.onnx").Order(StringComparer.Ordinal))
        {
            try
            {
                await RegisterAsync(Find(Path.GetFileNameWithoutExtension(file), folder)!, ct);
            }
            catch (InvalidModelException e)
            {
                log.LogError("The shipped model {File} cannot be used: {Fault:l}", file, e.Detail);
            }
        }
    }

    private async Task RegisterAsync(ShippedModel shipped, CancellationToken ct)
    {
        var sha256 = ModelArtifacts.HashOf(shipped.Artifact);
        if (!IsNews(await registry.VersionsAsync(shipped.Spec.Name, ct), sha256)) return;
        loader.Load(shipped.Artifact, shipped.Spec).Dispose();
        await using var change = await registry.BeginAsync(shipped.Spec.Name, ct);
        // Asked again under the lock: another process may have been first.
        var registered = await change.VersionsAsync(ct);
        if (!IsNews(registered, sha256)) return;
        var added = await change.AddAsync(shipped.Spec, sha256, shipped.Artifact, Origin + shipped.Spec.Name, ct);
        var isFedAlike =
            registered.All(version =>
                version.State != ModelVersion.Active || ModelSpec.Parse(version.Spec).Input.Shape.SequenceEqual(shipped.Spec.Input.Shape));
        if (isFedAlike) await change.ActivateAsync(added.Id, ct);
        await change.CommitAsync(ct);
        log.LogInformation("Registered the shipped model as {Model:l}", added.Label);
        if (!isFedAlike)
            log.LogWarning(
                "Model {Model:l} takes another input than the active version: activate it "
                + "when no process of an earlier build runs any more", added.Label);
    }

    private static bool IsNews(IReadOnlyList<ModelVersion> registered, string sha256) =>
        registered.Count == 0 ||
        (registered.All(version => version.Sha256 != sha256) &&
         registered.Any(version =>
             version.State == ModelVersion.Active && version.ArtifactUrl?.StartsWith(Origin, StringComparison.Ordinal) == true));
}

/// <summary>An artifact of the build with its spec.</summary>
internal sealed record ShippedModel(byte[] Artifact, ModelSpec Spec);
