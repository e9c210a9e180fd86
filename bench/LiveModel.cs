using App.Signs.Fingerspelling;
using App.Training;

namespace Bench;

/// <summary>
/// One file for both servers: the network of the peer's <c>hand.onnx</c> (63-256-128-26, random weights), with a batch in
/// place of its fixed single row, which the product's registry asks for.
/// </summary>
internal static class LiveModel
{
    private static readonly int[] Sizes = [Landmarks.Size, 256, 128, Alphabet.Count];

    public static string Write()
    {
        var random = new Random(42);
        var graph = new OnnxGraph("hand");
        var current = graph.Node("Flatten", [graph.Input(LetterModel.Input.Name, 1, Landmarks.Count, Landmarks.Dimensions)]);
        for (var layer = 1; layer < Sizes.Length; layer++)
        {
            var (from, to) = (Sizes[layer - 1], Sizes[layer]);
            var last = layer == Sizes.Length - 1;
            current = graph.Node("Gemm",
                [current, graph.Constant(Weights(from * to, 2 / Math.Sqrt(from)), from, to), graph.Constant(Weights(to, 0.1), to)],
                last ? LetterModel.Output.Name : null);
            if (!last) current = graph.Node("Relu", [current]);
        }
        graph.Output(LetterModel.Output.Name, Alphabet.Count);
        var file = Path.Combine(Directory.CreateTempSubdirectory("tandem-bench-model").FullName, "hand.onnx");
        File.WriteAllBytes(file, graph.ToArray());
        return file;

        float[] Weights(int count, double scale) =>
            [.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() - 0.5) * scale))];
    }
}
