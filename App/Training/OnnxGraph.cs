using System.Runtime.InteropServices;
using System.Text;

namespace App.Training;

/// <summary>
/// Writes an ONNX model (onnx.proto3 of ONNX 1.12: IR version 8, operator set 17) with float tensors. Field numbers are
/// those of the proto file; constants are stored inside.
/// </summary>
internal sealed class OnnxGraph(string name)
{
    private const int IrVersion = 8;
    private const int OperatorSet = 17;
    private const int FloatType = 1;
    private const int Int64Type = 7;

    private readonly List<Message> nodes = [];
    private readonly List<Message> constants = [];
    private readonly List<Message> inputs = [];
    private readonly List<Message> outputs = [];

    /// <summary>Declares an input of shape [batch, …].</summary>
    public string Input(string tensor, params ReadOnlySpan<int> shape) => Declare(inputs, tensor, shape);

    /// <summary>Declares an output of shape [batch, …].</summary>
    public string Output(string tensor, params ReadOnlySpan<int> shape) => Declare(outputs, tensor, shape);

    /// <summary>Stores a constant and answers its name.</summary>
    public string Constant(ReadOnlySpan<float> values, params ReadOnlySpan<int> shape) =>
        Store(FloatType, MemoryMarshal.AsBytes(values), shape);

    /// <summary>Stores a list of whole numbers, as axes and bounds are given.</summary>
    public string Integers(params ReadOnlySpan<long> values) => Store(Int64Type, MemoryMarshal.AsBytes(values), [values.Length]);

    /// <summary>Adds a node and answers the name of its output.</summary>
    /// <param name="kind">Operator, such as <c>Conv</c>.</param>
    /// <param name="arguments">Names of its inputs.</param>
    /// <param name="output">Name of its output, or null for one of our own making.</param>
    /// <param name="attributes">Integers or lists of integers by name.</param>
    public string Node(string kind, IReadOnlyList<string> arguments, string? output = null,
        params IReadOnlyList<(string Name, long[] Values, bool IsList)> attributes)
    {
        output ??= $"{kind}_{nodes.Count}";
        var node = new Message();
        foreach (var argument in arguments) node.Text(1, argument);
        node.Text(2, output).Text(3, $"node_{nodes.Count}").Text(4, kind);
        foreach (var (attribute, values, isList) in attributes)
        {
            var body = new Message().Text(1, attribute);
            if (isList)
            {
                foreach (var value in values) body.Number(8, value);
                body.Number(20, 7);
            }
            else
            {
                body.Number(3, values[0]).Number(20, 2);
            }
            node.Nested(5, body);
        }
        nodes.Add(node);
        return output;
    }

    /// <summary>The model file.</summary>
    public byte[] ToArray()
    {
        var graph = new Message();
        foreach (var node in nodes) graph.Nested(1, node);
        graph.Text(2, name);
        foreach (var constant in constants) graph.Nested(5, constant);
        foreach (var input in inputs) graph.Nested(11, input);
        foreach (var output in outputs) graph.Nested(12, output);
        return new Message().Number(1, IrVersion).Text(2, "tandem").Nested(7, graph)
            .Nested(8, new Message().Text(1, "").Number(2, OperatorSet)).ToArray();
    }

    private string Store(int type, ReadOnlySpan<byte> bytes, ReadOnlySpan<int> shape)
    {
        var tensor = new Message();
        foreach (var dimension in shape) tensor.Number(1, dimension);
        var constant = $"constant_{constants.Count}";
        constants.Add(tensor.Number(2, type).Text(8, constant).Bytes(9, bytes));
        return constant;
    }

    private static string Declare(List<Message> list, string tensor, ReadOnlySpan<int> dimensions)
    {
        var shape = new Message().Nested(1, new Message().Text(2, "batch"));
        foreach (var dimension in dimensions) shape.Nested(1, new Message().Number(1, dimension));
        list.Add(new Message().Text(1, tensor).Nested(2, new Message().Nested(1, new Message().Number(1, FloatType).Nested(2, shape))));
        return tensor;
    }

    /// <summary>One protocol-buffers message in the making.</summary>
    private sealed class Message
    {
        private readonly MemoryStream bytes = new();

        public Message Number(int field, long value)
        {
            Varint((ulong)field << 3);
            Varint((ulong)value);
            return this;
        }

        public Message Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

        public Message Nested(int field, Message value) => Bytes(field, value.ToArray());

        public Message Bytes(int field, ReadOnlySpan<byte> value)
        {
            Varint(((ulong)field << 3) | 2);
            Varint((ulong)value.Length);
            bytes.Write(value);
            return this;
        }

        public byte[] ToArray() => bytes.ToArray();

        private void Varint(ulong value)
        {
            for (; value > 127; value >>= 7) bytes.WriteByte((byte)(value | 128));
            bytes.WriteByte((byte)value);
        }
    }
}
