using System.Runtime.InteropServices;
using App.Engines.Models;
using static App.Tests.Engines.Models.Wire;

namespace App.Tests.Engines.Models;

/// <summary>
/// The smallest useful ONNX model, written by hand: <c>y = x * factor</c> on rows of <see cref="Width"/> values, so that
/// an answer tells which version gave it.
/// </summary>
internal static class TinyModel
{
    public const int Width = 3;

    public static ModelSpec Spec(string name = "tiny", int width = Width) => new()
    {
        Name = name,
        Input = new("x", [-1, width]),
        Output = new("y", [-1, width]),
        Labels = [.. Enumerable.Range(0, width).Select(i => $"label-{i}")],
        Unit = "W",
        TrainingSource = "written by hand",
    };

    /// <summary>An artifact that multiplies by the factor.</summary>
    public static byte[] Scaling(float factor, bool externalData = false, string operation = "Mul")
    {
        var data = externalData
            ? Concat(Field(13, Concat(Text(1, "location"), Text(2, "weights.bin"))), Number(14, 1))
            : Field(9, MemoryMarshal.AsBytes([factor]).ToArray());
        var constant = Concat(Number(1, 1), Number(2, 1), Text(8, "factor"), data);
        return Model(Field(1, Node(operation, ["x", "factor"], "y")), Field(5, constant));
    }

    /// <summary>An artifact that loads and fails when it runs, with an error that names the number 1234567.</summary>
    public static byte[] Failing()
    {
        var index = Concat(Number(1, 1), Number(2, 7), Text(8, "index"), Field(7, Concat(Varint(1_234_567))));
        return Model(
            Field(1, Node("Shape", ["x"], "shape")), Field(1, Node("Gather", ["shape", "index"], "no")),
            Field(1, Node("Cast", ["no"], "factor", Field(5, Concat(Text(1, "to"), Number(3, 1), Number(20, 2))))),
            Field(1, Node("Mul", ["x", "factor"], "y")), Field(5, index));
    }

    /// <summary>A model of <c>x</c> and <c>y</c> with these fields of its graph.</summary>
    public static byte[] Model(params byte[][] graph) =>
        Concat(Number(1, 8), Field(7, Concat([.. graph, Text(2, "tiny"), Field(11, Value("x")), Field(12, Value("y"))])), Opset("", 17));

    /// <summary>An operator set of a model.</summary>
    public static byte[] Opset(string domain, ulong version) => Field(8, Concat(Text(1, domain), Number(2, version)));

    /// <summary>A node of a graph.</summary>
    public static byte[] Node(string operation, string[] inputs, string output, params byte[][] more) =>
        Concat([.. inputs.Select(input => Text(1, input)), Text(2, output), Text(4, operation), .. more]);

    /// <summary>An input or output, [batch, <see cref="Width"/>].</summary>
    public static byte[] Value(string name)
    {
        var shape = Concat(Field(1, Text(2, "batch")), Field(1, Number(1, Width)));
        return Concat(Text(1, name), Field(2, Field(1, Concat(Number(1, 1), Field(2, shape)))));
    }
}
