using App.Disaggregation;
using App.Disaggregation.Live;
using App.Models;
using App.Training;

namespace App.Tests.Disaggregation.Live;

/// <summary>An untrained network, whose answers are never zero and depend on every value of the window.</summary>
internal static class SensitiveModel
{
    /// <summary>Registers and activates it, unless the registry has a model already.</summary>
    public static async Task ActivateAsync(ModelRegistry registry)
    {
        await using var change = await registry.BeginAsync(DisaggregationHandler.Name, default);
        if ((await change.VersionsAsync(default)).Count > 0) return;
        var network = DisaggregationNetwork.Create(seed: 7);
        // Biases of the levels: high enough that the random part never makes them negative.
        network.Parameters.AsSpan(network.Parameters.Length - (2 * Appliances.Labels.Count), Appliances.Labels.Count).Fill(1);
        var artifact = DisaggregationGraph.Write(network, [0, 0, 0, 0, 0]);
        var spec = ShippedModels.Find(DisaggregationHandler.Name)!.Spec with
        {
            Input = new TensorSpec(DisaggregationGraph.Input, [-1, Minutes.Rows, DisaggregationNetwork.Window]),
        };
        var added = await change.AddAsync(spec, ModelArtifacts.HashOf(artifact), artifact, null, default);
        await change.ActivateAsync(added.Id, default);
        await change.CommitAsync(default);
    }
}
