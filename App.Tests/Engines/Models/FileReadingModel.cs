using static App.Tests.Engines.Models.TinyModel;
using static App.Tests.Engines.Models.Wire;

namespace App.Tests.Engines.Models;

/// <summary>
/// Models that would multiply by a number which they read from a file of the server: each keeps a tensor in it whose fields
/// external_data and data_location are written with tags of more than 32 bits.
/// </summary>
internal static class FileReadingModel
{
    /// <summary>Where the tensor is.</summary>
    public static IReadOnlyDictionary<string, Func<string, byte[]>> Places { get; } = new Dictionary<string, Func<string, byte[]>>
    {
        ["initializer"] = file => Model(Product(), Field(5, Tensor(file))),
        ["initializer, said twice"] = file => Model(Product(), Field(5, Concat(Tensor(file), Tensor(file)))),
        ["initializer, location alone over-long"] = file =>
            Model(Product(), Field(5, Concat(Head("factor", 1), Entries(file, 0), Location(Over32Bits)))),
        ["initializer, plain"] = file => Model(Product(), Field(5, Concat(Head("factor", 1), Entries(file, 0), Location(0)))),
        ["initializer, tags of five bytes"] = file => Model(Product(), Field(5, Padded(file))),
        ["initializer, location as a long number"] = file =>
            Model(Product(), Field(5, Concat(Head("factor", 1), Entries(file, Over32Bits), Number(14, Over32Bits + 1)))),
        ["shape"] = file => Model(Field(1, Node("Reshape", ["x", "factor"], "y")), Field(5, Tensor(file, dims: 2, type: 7))),
        ["attribute tensor"] = file => Model(Constant(file), Product()),
        ["attribute tensors"] = file => Model(
            Field(1, Node("Identity", ["x"], "y", Field(5, Concat(Text(1, "all"), Field(10, Tensor(file)), Number(20, 9)))))),
        ["subgraph"] = file => Model(
            Choice(Product("z"), Field(5, Tensor(file))), Field(5, Concat(Number(2, 9), Text(8, "yes"), Field(9, [1])))),
        ["constant in a subgraph"] = file => Model(
            Choice(Constant(file), Product("z")), Field(5, Concat(Number(2, 9), Text(8, "yes"), Field(9, [1])))),
        ["sparse values"] = file => Model(Product(), Field(15, Concat(Field(1, Tensor(file, dims: 1)), Field(2, Indices()), Number(3, 3)))),
        // An index out of bounds is quoted in the error: eight bytes of the file.
        ["sparse indices"] = file => Model(Product(), Field(15, Concat(
            Field(1, Concat(Head("factor", 1, 1), Field(9, [0, 0, 128, 63]))), Field(2, Tensor(file, dims: 1, type: 7)), Number(3, 3)))),
        ["sparse attribute"] = file => Model(
            Field(1, Node("Constant", [], "factor", Field(5, Concat(Text(1, "sparse_value"), Number(20, 11),
                Field(22, Concat(Field(1, Tensor(file, dims: 1)), Field(2, Indices()), Number(3, 3))))))), Product()),
        ["function"] = file => Concat(
            Model(Field(1, Node("Scale", ["x"], "y", Text(7, "own")))), Opset("own", 1),
            Field(25, Concat(Text(1, "Scale"), Text(4, "x"), Text(5, "y"),
                Field(7, ConstantNode(file)), Field(7, Node("Mul", ["x", "factor"], "y")),
                Field(9, Concat(Text(1, ""), Number(2, 17))), Text(10, "own")))),
        ["training"] = file => Concat(Scaling(2), Field(20, Field(1, Concat(Text(2, "start"), Field(5, Tensor(file)))))),
    };

    private static byte[] Product(string output = "y") => Field(1, Node("Mul", ["x", "factor"], output));

    private static byte[] Choice(params byte[][] graph) =>
        Field(1, Node("If", ["yes"], "y", Branch("then_branch", graph), Branch("else_branch", graph)));

    private static byte[] Branch(string name, params byte[][] graph) =>
        Field(5, Concat(Text(1, name), Field(6, Concat([.. graph, Text(2, name), Field(12, Value("z"))])), Number(20, 5)));

    private static byte[] Constant(string file) => Field(1, ConstantNode(file));

    private static byte[] ConstantNode(string file) =>
        Node("Constant", [], "factor", Field(5, Concat(Text(1, "value"), Field(5, Tensor(file)), Number(20, 4))));

    private static byte[] Indices() => Concat(Head("indices", 7, 1), Field(9, new byte[8]));

    private static byte[] Tensor(string file, int dims = 0, int type = 1) =>
        Concat(Head("factor", type, dims), Entries(file, Over32Bits, length: type == 1 ? 4 : 8 * dims), Location(Over32Bits));

    private static byte[] Head(string name, int type, int dims = 0) =>
        Concat(dims == 0 ? [] : Number(1, (ulong)dims), Number(2, (ulong)type), Text(8, name));

    private static byte[] Entries(string file, ulong more, int length = 4) =>
        Concat([.. new[] { ("location", file), ("offset", "0"), ("length", length.ToString()) }
            .Select(entry => Field(13, Concat(Text(1, entry.Item1), Text(2, entry.Item2)), more))]);

    private static byte[] Location(ulong more) => Number(14, 1, more);

    private static byte[] Padded(string file)
    {
        var entry = Concat(Text(1, "location"), Text(2, file));
        byte[] entries = [.. Varint((13 << 3) | 2, width: 5), .. Varint((ulong)entry.Length, width: 5), .. entry];
        return Concat(Head("factor", 1), entries, Varint(14 << 3, width: 5), [1]);
    }
}
