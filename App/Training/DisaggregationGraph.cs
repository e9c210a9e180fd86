using App.Energy.Disaggregation;

namespace App.Training;

/// <summary>
/// Writes a trained network as ONNX, with everything around it inside the graph: <c>mains</c> [batch, 3, 131] in watts
/// (means, lows, highs) to <c>watts</c> [batch, 5].
/// </summary>
internal static class DisaggregationGraph
{
    /// <summary>Name of the input.</summary>
    public const string Input = "mains";

    /// <summary>Name of the output.</summary>
    public const string Output = "watts";

    /// <summary>The model file.</summary>
    /// <param name="networks">As <see cref="DisaggregationNetwork.Create"/> makes them, trained; their outputs are averaged.</param>
    /// <param name="gates">Per appliance the probability from which on it counts as on.</param>
    public static byte[] Write(IReadOnlyList<Network> networks, IReadOnlyList<float> gates)
    {
        var labels = Appliances.Labels.Count;
        var graph = new OnnxGraph("disaggregation");
        var mains = graph.Input(Input, Minutes.Rows, DisaggregationNetwork.Window);
        graph.Output(Output, labels);
        var axis = graph.Integers(1);

        var mean = Row(0, 0, DisaggregationNetwork.Window);
        var (later, low, high) = (Row(0, 1, DisaggregationNetwork.Window), Row(1, 1, DisaggregationNetwork.Window),
            Row(2, 1, DisaggregationNetwork.Window));
        var level = graph.Node("Sub", [later, graph.Node("ReduceMin", [mean], null, ("axes", [2], true))]);
        var step = graph.Node("Sub", [later, Row(0, 0, DisaggregationNetwork.Window - 1)]);
        var spread = graph.Node("Sub", [high, low]);
        string[] channels =
        [
            Scaled(graph, level),
            Bounded(graph, level, DisaggregationNetwork.LevelScale),
            Bounded(graph, step, DisaggregationNetwork.StepScale),
            Bounded(graph, step, DisaggregationNetwork.HeaterScale),
            Bounded(graph, graph.Node("Sub", [high, later]), DisaggregationNetwork.SpreadScale),
            Bounded(graph, graph.Node("Sub", [later, low]), DisaggregationNetwork.SpreadScale),
            Scaled(graph, spread),
            Bounded(graph, spread, DisaggregationNetwork.StepScale),
        ];
        var input = graph.Node("Concat", channels, null, ("axis", [1], false));
        var answers =
            networks.Select(network =>
                Enumerable.Range(0, network.Layers.Count).Aggregate(input, (value, i) => Add(graph, network, i, value))).ToList();
        var value = answers.Count == 1 ? answers[0] : graph.Node("Mean", answers);

        var levels = graph.Node("Slice", [value, graph.Integers(0), graph.Integers(labels), axis]);
        var logits = graph.Node("Slice", [value, graph.Integers(labels), graph.Integers(2 * labels), axis]);
        var on = graph.Node("GreaterOrEqual", [graph.Node("Sigmoid", [logits]), graph.Constant([.. gates], 1, labels)]);
        var power = graph.Node("Mul", [levels, graph.Constant([.. DisaggregationNetwork.PowerScales], 1, labels)]);
        var target = graph.Node("Flatten", [Row(0, DisaggregationNetwork.TargetOffset, DisaggregationNetwork.TargetOffset + 1)], null,
            ("axis", [1], false));
        var capped = graph.Node("Relu", [graph.Node("Min", [power, target])]);
        graph.Node("Mul", [capped, graph.Node("Cast", [on], null, ("to", [1], false))], Output);
        return graph.ToArray();

        string Row(int row, int from, int to) =>
            graph.Node("Slice", [mains, graph.Integers(row, from), graph.Integers(row + 1, to), graph.Integers(1, 2)]);
    }

    private static string Scaled(OnnxGraph graph, string watts) =>
        graph.Node("Div", [watts, graph.Constant([DisaggregationNetwork.InputScale], 1)]);

    /// <summary>As the network's input is bounded: x / (|x| + scale).</summary>
    private static string Bounded(OnnxGraph graph, string watts, float scale) =>
        graph.Node("Div", [watts, graph.Node("Add", [graph.Node("Abs", [watts]), graph.Constant([scale], 1)])]);

    /// <summary>Adds one layer. ONNX holds channels before positions, so weights are turned round.</summary>
    private static string Add(OnnxGraph graph, Network network, int index, string value)
    {
        var layer = network.Layers[index];
        var weights = network.Weights(index);
        var biases = graph.Constant(network.Biases(index), layer.OutChannels);
        var turned = new float[weights.Length];
        if (layer.OutLength > 1)
        {
            for (var k = 0; k < layer.Kernel; k++)
            {
                for (var c = 0; c < layer.InChannels; c++)
                {
                    for (var o = 0; o < layer.OutChannels; o++)
                        turned[(((o * layer.InChannels) + c) * layer.Kernel)
                            + k] = weights[(((k * layer.InChannels) + c) * layer.OutChannels) + o];
                }
            }
            value = graph.Node("Conv", [value, graph.Constant(turned, layer.OutChannels, layer.InChannels, layer.Kernel), biases], null,
                ("kernel_shape", [layer.Kernel], true), ("strides", [layer.Stride], true));
        }
        else
        {
            for (var k = 0; k < layer.Kernel; k++)
            {
                for (var c = 0; c < layer.InChannels; c++)
                    weights.Slice(((k * layer.InChannels) + c) * layer.OutChannels, layer.OutChannels)
                        .CopyTo(turned.AsSpan(((c * layer.Kernel) + k) * layer.OutChannels));
            }
            if (layer.Kernel > 1) value = graph.Node("Flatten", [value], null, ("axis", [1], false));
            value = graph.Node("Gemm", [value, graph.Constant(turned, layer.Fan, layer.OutChannels), biases]);
        }
        return layer.Relu ? graph.Node("Relu", [value]) : value;
    }
}
