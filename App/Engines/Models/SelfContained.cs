using System.Text;

namespace App.Engines.Models;

/// <summary>
/// Walks the protocol buffers of an ONNX file (onnx.proto3) and refuses tensors whose data lie in another file: a
/// registered artifact must be whole, and must not make the runtime open paths of its choosing.
/// </summary>
internal static class SelfContained
{
    private const int Deepest = 64;

    private enum Kind { Skip, Model, Graph, Node, Attribute, Tensor, Sparse, Function, Training }

    /// <summary>Throws unless every tensor of the model is inside it.</summary>
    /// <exception cref="InvalidModelException">One is not, or the bytes are no protocol buffers.</exception>
    public static void Check(ReadOnlySpan<byte> artifact)
    {
        if (artifact.IsEmpty) throw new InvalidModelException("The artifact is empty.");
        Walk(artifact, Kind.Model, 0);
    }

    private static Kind Child(Kind parent, int field) => (parent, field) switch
    {
        (Kind.Model, 7) => Kind.Graph,
        (Kind.Model, 20) => Kind.Training,
        (Kind.Model, 25) => Kind.Function,
        (Kind.Training, 1 or 2) => Kind.Graph,
        (Kind.Function, 7) => Kind.Node,
        (Kind.Function, 11) => Kind.Attribute,
        (Kind.Graph, 1) => Kind.Node,
        (Kind.Graph, 5) => Kind.Tensor,
        (Kind.Graph, 15) => Kind.Sparse,
        (Kind.Node, 5) => Kind.Attribute,
        (Kind.Attribute, 5 or 10) => Kind.Tensor,
        (Kind.Attribute, 6 or 11) => Kind.Graph,
        (Kind.Attribute, 22 or 23) => Kind.Sparse,
        (Kind.Sparse, 1 or 2) => Kind.Tensor,
        _ => Kind.Skip,
    };

    private static void Walk(ReadOnlySpan<byte> message, Kind kind, int depth)
    {
        if (depth > Deepest) throw new InvalidModelException($"Its graphs are nested deeper than {Deepest}.");
        var name = "";
        var external = false;
        while (!message.IsEmpty)
        {
            var tag = Varint(ref message);
            var field = (int)(tag >> 3);
            switch (tag & 7)
            {
                case 0:
                    var number = Varint(ref message);
                    external |= kind == Kind.Tensor && field == 14 && number == 1;
                    break;
                case 1:
                    Take(ref message, sizeof(ulong));
                    break;
                case 2:
                    var body = Take(ref message, Varint(ref message));
                    if (kind == Kind.Tensor && field == 8) name = Encoding.UTF8.GetString(body);
                    external |= kind == Kind.Tensor && field == 13;
                    if (Child(kind, field) is not Kind.Skip and var child) Walk(body, child, depth + 1);
                    break;
                case 5:
                    Take(ref message, sizeof(uint));
                    break;
                default:
                    throw NotOnnx();
            }
        }
        if (external)
            throw new InvalidModelException($"Tensor '{name}' keeps its data in another file: save the model with all data inside (onnx.save_model without save_as_external_data).");
    }

    private static ulong Varint(ref ReadOnlySpan<byte> message)
    {
        ulong value = 0;
        for (var shift = 0; shift < 64 && !message.IsEmpty; shift += 7)
        {
            var next = message[0];
            message = message[1..];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80) return value;
        }
        throw NotOnnx();
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> message, ulong length)
    {
        if (length > (ulong)message.Length) throw NotOnnx();
        var taken = message[..(int)length];
        message = message[(int)length..];
        return taken;
    }

    private static InvalidModelException NotOnnx() => new("It is no ONNX file: its bytes are not protocol buffers, or are cut off.");
}
