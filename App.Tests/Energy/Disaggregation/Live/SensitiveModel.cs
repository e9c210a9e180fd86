using App.Energy.Disaggregation;
using App.Energy.Disaggregation.Live;
using App.Engines.Models;
using App.Training;

namespace App.Tests.Energy.Disaggregation.Live;

/// <summary>Models whose answers are never zero and depend on every value of the window.</summary>
internal static class SensitiveModel
{
    private static readonly int Labels = Appliances.Labels.Count;

    /// <summary>Registers and activates one, unless the registry has a model already.</summary>
    public static async Task ActivateAsync(ModelRegistry registry, bool ofMeans)
    {
        await using var change = await registry.BeginAsync(DisaggregationHandler.Name, default);
        if ((await change.VersionsAsync(default)).Count > 0) return;
        var artifact = ofMeans ? OfMeans() : Untrained();
        var spec = ShippedModels.Find(DisaggregationHandler.Name)!.Spec with
        {
            Input = new TensorSpec(DisaggregationGraph.Input,
                ofMeans ? [-1, DisaggregationNetwork.Window] : [-1, Minutes.Rows, DisaggregationNetwork.Window]),
        };
        Assert.Null(ModelFile.FaultOf(spec));
        var added = await change.AddAsync(spec, ModelArtifacts.HashOf(artifact), artifact, null, default);
        await change.ActivateAsync(added.Id, default);
        await change.CommitAsync(default);
    }

    /// <summary>An untrained network.</summary>
    private static byte[] Untrained()
    {
        var network = DisaggregationNetwork.Create(seed: 7);
        // Biases of the levels: high enough that the random part never makes them negative.
        network.Parameters.AsSpan(network.Parameters.Length - (2 * Labels), Labels).Fill(1);
        return DisaggregationGraph.Write([network], [0, 0, 0, 0, 0]);
    }

    /// <summary>Weighted sums of the means of minutes.</summary>
    private static byte[] OfMeans()
    {
        const int Window = DisaggregationNetwork.Window;
        var random = new Random(7);
        var graph = new OnnxGraph("means");
        var mains = graph.Input(DisaggregationGraph.Input, Window);
        graph.Output(DisaggregationGraph.Output, Labels);
        float[] weights = [.. Enumerable.Range(0, Window * Labels).Select(_ => random.NextSingle() / Window)];
        graph.Node("Relu", [graph.Node("MatMul", [mains, graph.Constant(weights, Window, Labels)])], DisaggregationGraph.Output);
        return graph.ToArray();
    }
}
