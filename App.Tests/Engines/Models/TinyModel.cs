using System.Runtime.InteropServices;
using System.Text;
using App.Engines.Models;

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
        var constant = Concat(Number(1, 1), Number(2, 1), Text(8, "factor"), externalData
            ? Concat(Field(13, Concat(Text(1, "location"), Text(2, "weights.bin"))), Number(14, 1))
            : Field(9, MemoryMarshal.AsBytes([factor]).ToArray()));
        var graph = Concat(
            Field(1, Concat(Text(1, "x"), Text(1, "factor"), Text(2, "y"), Text(3, "node"), Text(4, operation))),
            Text(2, "tiny"), Field(5, constant), Field(11, Tensor("x")), Field(12, Tensor("y")));
        return Concat(Number(1, 8), Field(7, graph), Field(8, Concat(Text(1, ""), Number(2, 17))));
    }

    private static byte[] Tensor(string name)
    {
        var shape = Concat(Field(1, Text(2, "batch")), Field(1, Number(1, Width)));
        return Concat(Text(1, name), Field(2, Field(1, Concat(Number(1, 1), Field(2, shape)))));
    }

    private static byte[] Concat(params byte[][] parts) => [.. parts.SelectMany(part => part)];

    private static byte[] Text(int field, string value) => Field(field, Encoding.UTF8.GetBytes(value));

    private static byte[] Field(int field, byte[] value) => [.. Varint(((uint)field << 3) | 2), .. Varint((uint)value.Length), .. value];

    private static byte[] Number(int field, uint value) => [.. Varint((uint)field << 3), .. Varint(value)];

    private static IEnumerable<byte> Varint(uint value)
    {
        for (; value > 127; value >>= 7) yield return (byte)(value | 128);
        yield return (byte)value;
    }
}
