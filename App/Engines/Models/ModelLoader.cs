using System.Text.Json;

namespace App.Engines.Models;

/// <summary>Turns artifacts into models that are known to run and to fit their purpose.</summary>
internal sealed class ModelLoader(ModelArtifacts artifacts, IEnumerable<ModelPurpose> purposes)
{
    private readonly Dictionary<string, ModelPurpose> purposes = purposes.ToDictionary(purpose => purpose.Name);

    /// <summary>Names of the models that the application has a use for.</summary>
    public IEnumerable<string> Names => purposes.Keys;

    /// <summary>Whether a process of the web role has a use for a model.</summary>
    public bool ServesInWeb(string name) => purposes.TryGetValue(name, out var purpose) && purpose.InWeb;

    /// <summary>What one row of a model's output comes to, in words.</summary>
    public string Says(ModelSpec spec, ReadOnlySpan<float> output) =>
        (purposes.GetValueOrDefault(spec.Name)?.Says ?? ModelPurpose.LabelsOf)(spec, output);

    /// <summary>Loads an artifact and runs it once.</summary>
    /// <exception cref="InvalidModelException">It is none, does not run, or does not fit its purpose.</exception>
    public OnnxModel Load(byte[] artifact, ModelSpec spec)
    {
        spec.Check();
        if (purposes.GetValueOrDefault(spec.Name)?.FaultOf(spec) is { } fault)
            throw new InvalidModelException($"It does not fit '{spec.Name}': {fault}.", "spec");
        return OnnxModel.Load(artifact, spec);
    }

    /// <summary>Loads a registered version.</summary>
    /// <exception cref="InvalidModelException">It cannot be had, is damaged, does not run, or does not fit its purpose.</exception>
    public async Task<OnnxModel> LoadAsync(ModelVersion version, CancellationToken ct)
    {
        ModelSpec spec;
        try
        {
            spec = ModelSpec.Parse(version.Spec);
        }
        catch (JsonException e)
        {
            throw new InvalidModelException($"Its spec cannot be read by this build: {e.Message}", "spec");
        }
        return Load(await artifacts.GetAsync(version, ct), spec);
    }
}
