using App.Signs.Fingerspelling;

namespace App.Training.Hands;

/// <summary>
/// Writes a trained network as ONNX, with <see cref="HandFeatures"/> and the calibration inside the graph: raw landmarks
/// [batch, 1, 21, 3] to probabilities [batch, 26].
/// </summary>
internal static class LetterGraph
{
    /// <summary>The model file.</summary>
    /// <param name="network">As <see cref="LetterNetwork.Create"/> makes it, trained.</param>
    /// <param name="temperature">What the logits are divided by.</param>
    public static byte[] Write(Network network, float temperature)
    {
        var graph = new OnnxGraph(LetterModel.Task);
        var landmarks = graph.Input(LetterModel.Input.Name, [.. LetterModel.Input.Shape.Skip(1)]);
        graph.Output(LetterModel.Output.Name, Alphabet.Count);
        var value = Features(graph, landmarks);
        for (var layer = 0; layer < network.Layers.Count; layer++)
        {
            var (fan, outputs) = (network.Layers[layer].Fan, network.Layers[layer].OutChannels);
            var last = layer == network.Layers.Count - 1;
            // Dividing the last layer's parameters divides the logits.
            var divisor = last ? temperature : 1;
            value = graph.Node("Gemm",
                [value, Divided(network.Weights(layer), divisor, fan, outputs), Divided(network.Biases(layer), divisor, outputs)]);
            if (!last) value = graph.Node("Relu", [value]);
        }
        graph.Node("Softmax", [value], LetterModel.Output.Name, ("axis", [1], false));
        return graph.ToArray();

        string Divided(ReadOnlySpan<float> values, float by, params ReadOnlySpan<int> shape)
        {
            var divided = new float[values.Length];
            System.Numerics.Tensors.TensorPrimitives.Divide(values, by, divided);
            return graph.Constant(divided, shape);
        }
    }

    private static string Features(OnnxGraph graph, string landmarks)
    {
        const int Points = 2;
        const int Axes = 3;
        var wrist = graph.Node("Slice", [landmarks, graph.Integers(0), graph.Integers(1), graph.Integers(Points)]);
        var centred = graph.Node("Sub", [landmarks, wrist]);
        var plane = graph.Node("Slice", [centred, graph.Integers(0), graph.Integers(HandFeatures.Plane), graph.Integers(Axes)]);
        var squares = graph.Node("ReduceSumSquare", [plane], null, ("axes", [Axes], true));
        var largest = graph.Node("ReduceMax", [squares], null, ("axes", [Points], true));
        var radius = graph.Node("Sqrt", [graph.Node("Max", [largest, graph.Constant([HandFeatures.LeastSquare], 1)])]);
        var hand = graph.Node("Div", [centred, radius]);
        var flat = graph.Node("Flatten", [graph.Node("Mul", [hand, graph.Constant([1, 1, HandFeatures.DepthScale], Landmarks.Dimensions)])],
            null, ("axis", [1], false));

        var differences = graph.Node("MatMul", [flat, graph.Constant(Differences(), Landmarks.Size, 2 * HandFeatures.Pairs.Count)]);
        var pairs = graph.Node("Reshape", [differences, graph.Integers(0, HandFeatures.Plane, HandFeatures.Pairs.Count)]);
        var distances = graph.Node("ReduceL2", [pairs], null, ("axes", [1], true), ("keepdims", [0], false));

        var scaled = graph.Node("Div", [plane, radius]);
        var low = graph.Node("ReduceMin", [scaled], null, ("axes", [Points], true));
        var side = graph.Node("Sub", [graph.Node("ReduceMax", [scaled], null, ("axes", [Points], true)), low]);
        var box = graph.Node("Div",
            [graph.Node("Sub", [scaled, low]), graph.Node("Max", [side, graph.Constant([HandFeatures.LeastSide], 1)])]);
        return graph.Node("Concat", [flat, distances, graph.Node("Flatten", [box], null, ("axis", [1], false))], null,
            ("axis", [1], false));
    }

    /// <summary>The matrix that takes landmarks to the differences of pairs: all in x, then all in y.</summary>
    private static float[] Differences()
    {
        var pairs = HandFeatures.Pairs;
        var matrix = new float[Landmarks.Size * HandFeatures.Plane * pairs.Count];
        for (var axis = 0; axis < HandFeatures.Plane; axis++)
        {
            for (var pair = 0; pair < pairs.Count; pair++)
            {
                var column = (axis * pairs.Count) + pair;
                matrix[(((Landmarks.Dimensions * pairs[pair].From) + axis) * HandFeatures.Plane * pairs.Count) + column] = 1;
                matrix[(((Landmarks.Dimensions * pairs[pair].To) + axis) * HandFeatures.Plane * pairs.Count) + column] = -1;
            }
        }
        return matrix;
    }
}
