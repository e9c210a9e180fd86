using App.Engines.Models;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using static App.Tests.Engines.Models.Wire;

namespace App.Tests.Engines.Models;

public sealed class StrictOnnxTests
{
    private static readonly byte[] Whole = TinyModel.Scaling(3);

    public static TheoryData<string, byte[], string> Refused => new()
    {
        { "nothing", [], "is empty" },
        { "a tag over 32 bits", Number(5, 1, Over32Bits), "tag is longer than 32 bits" },
        { "a tag of six bytes", [.. Varint(5 << 3, width: 6), 1], "tag is longer than 32 bits" },
        { "the field 0", Number(0, 1), "no field 0" },
        { "an unknown field", Number(9, 1), "no field 9" },
        { "a large unknown field", Field(1000, [1]), "no field 1000" },
        { "a field of another release", Field(7, Field(1, Field(77, []))), "NodeProto has no field 77" },
        { "the start of a group", Tag(5, 3), "wire type 3" },
        { "the end of a group", Tag(5, 4), "wire type 4" },
        { "the wire type 6", Tag(5, 6), "wire type 6" },
        { "the wire type 7", Tag(7, 7), "wire type 7" },
        { "a number for a graph", Number(7, 1), "ModelProto.graph has the wire type 0" },
        { "a text for a number", Text(5, "1"), "ModelProto.model_version has the wire type 2" },
        { "a fixed number for a varint", [.. Tag(5, 5), 0, 0, 0, 0], "wire type 5" },
        { "a length past the end", [.. Tag(2, 2), 9, 1], "is cut off" },
        { "a length past the message", Field(7, [.. Tag(2, 2), 9, 1]), "is cut off" },
        { "a length over 32 bits", [.. Tag(2, 2), .. Varint(Over32Bits)], "length is longer than 32 bits" },
        { "a length of six bytes", [.. Tag(2, 2), .. Varint(1, width: 6), 65], "length is longer than 32 bits" },
        { "a number of eleven bytes", [.. Tag(5, 0), .. Varint(1, width: 11)], "longer than 64 bits" },
        { "a number over 64 bits", [.. Tag(5, 0), .. Enumerable.Repeat((byte)255, 9), 2], "longer than 64 bits" },
        { "a number that is cut off", [.. Tag(5, 0), 128], "is cut off" },
        { "a fixed number that is cut off", Attribute([.. Tag(2, 5), 0, 0, 0]), "is cut off" },
        { "a tag that is cut off", [128], "is cut off" },
        { "half a number in a list", TensorOf(Field(4, [0, 0, 0, 0, 0])), "within a number" },
        { "a list whose last number goes on", TensorOf(Field(7, [1, 128])), "is cut off" },
        { "a type over 32 bits", TensorOf(Number(2, Over32Bits + 1)), "data_type is longer than 32 bits" },
        { "no UTF-8", Field(2, [0xff]), "producer_name is no UTF-8" },
        { "two graphs", Concat(Whole, Field(7, [])), "two fields graph" },
        { "two numbers", Concat(Number(5, 1), Number(5, 1)), "two fields model_version" },
        { "two tensors of an attribute", Attribute(Concat(Field(5, []), Field(5, []))), "two fields t" },
        { "external data", TensorOf(Field(13, [])), "in another file" },
        { "external data as a number", TensorOf(Number(13, 1)), "in another file" },
        { "another location", TensorOf(Concat(Text(8, "weights"), Number(14, 1))), "Tensor 'weights' keeps its data in another file" },
        { "an unknown location", TensorOf(Number(14, 2)), "in another file" },
        { "external indices of a sparse tensor", Attribute(Field(23, Field(2, Number(14, 1)))), "in another file" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_could_be_read_in_two_ways_is_refused(string what, byte[] artifact, string fault)
    {
        var error = Assert.Throws<InvalidModelException>(() => StrictOnnx.Rewrite(artifact));
        Assert.True(error.Message.Contains(fault, StringComparison.Ordinal), $"{what}: {error.Message}");
        Assert.Throws<InvalidModelException>(() => OnnxModel.Load(artifact, TinyModel.Spec()));
    }

    [Theory]
    [InlineData("disaggregation")]
    [InlineData("fingerspelling")]
    public void A_shipped_model_is_written_anew_as_it_was_and_answers_the_same(string name)
    {
        var shipped = ShippedModels.Find(name)!;
        Assert.Equal(shipped.Artifact, StrictOnnx.Rewrite(shipped.Artifact));
        Assert.Equal(shipped.Artifact, StrictOnnx.Rewrite(Padded(shipped.Artifact)));

        var random = new Random(1);
        var input = Enumerable.Range(0, 4 * shipped.Spec.Input.RowSize).Select(_ => random.NextSingle()).ToArray();
        using var plain = new InferenceSession(shipped.Artifact);
        var shape = shipped.Spec.Input.ShapeOf(4).Select(dimension => (int)dimension).ToArray();
        using var expected = plain.Run([NamedOnnxValue.CreateFromTensor(shipped.Spec.Input.Name, new DenseTensor<float>(input, shape))]);
        using var model = OnnxModel.Load(Padded(shipped.Artifact), shipped.Spec);
        var output = new float[4 * shipped.Spec.Output.RowSize];
        model.Run(input, output, 4);
        Assert.Equal(expected.Single().AsEnumerable<float>(), output);
        Assert.Equal(ModelArtifacts.HashOf(Padded(shipped.Artifact)), model.Sha256);
    }

    [Fact]
    public void A_body_that_becomes_shorter_gets_a_shorter_length()
    {
        // 130 bytes of numbers that need 65: the lengths of all that is around them take a byte less.
        var numbers = Enumerable.Repeat(Varint(5, width: 2), 65).SelectMany(bytes => bytes).ToArray();
        Assert.Equal(TensorOf(Field(7, [.. Enumerable.Repeat((byte)5, 65)])), StrictOnnx.Rewrite(TensorOf(Field(7, numbers))));
    }

    [Fact]
    public void What_says_that_the_data_are_inside_is_left_out() =>
        Assert.Equal(TensorOf(Text(8, "a")), StrictOnnx.Rewrite(TensorOf(Concat(Number(14, 0), Text(8, "a")))));

    [Fact]
    public void Numbers_of_all_sizes_stay_as_they_are()
    {
        var model = Concat(
            Number(5, ulong.MaxValue),
            TensorOf(Concat(
                Field(5, Varint(unchecked((ulong)int.MinValue))), Field(11, Varint(ulong.MaxValue)),
                Field(10, new byte[16]), Number(7, 1))));
        Assert.Equal(model, StrictOnnx.Rewrite(model));
    }

    [Fact]
    public void A_mark_of_another_format_is_not_heeded()
    {
        // Bytes 4 to 8 are ORTM, by which ONNX Runtime knows files of its own format.
        byte[] marked = [.. Number(1, 8), .. Text(2, "ORTM"), .. Whole.AsSpan(2)];
        Assert.Equal("ORTM"u8, marked.AsSpan(4, 4));
        using var model = OnnxModel.Load(marked, TinyModel.Spec());
        var output = new float[TinyModel.Width];
        model.Run([1, 2, 3], output, 1);
        Assert.Equal([3f, 6, 9], output);
    }

    [Fact]
    public void Whatever_is_changed_in_a_file_it_is_refused_or_written_in_one_way_alone()
    {
        var random = new Random(1);
        var models = FileReadingModel.Places.Values.Select(model => model("weights.bin")).Append(Whole).ToList();
        for (var i = 0; i < 20_000; i++)
        {
            var changed = models[i % models.Count].ToArray();
            for (var changes = random.Next(1, 4); changes > 0; changes--) changed[random.Next(changed.Length)] = (byte)random.Next(256);
            byte[] written;
            try
            {
                written = StrictOnnx.Rewrite(changed);
            }
            catch (InvalidModelException)
            {
                continue;
            }
            Assert.True(written.Length <= changed.Length);
            Assert.Equal(written, StrictOnnx.Rewrite(written));
        }
    }

    [Fact]
    public void Graphs_that_nest_without_end_are_refused()
    {
        byte[] graph = [];
        for (var depth = 0; depth < 100; depth++) graph = Field(1, Field(5, Field(6, graph)));
        Assert.Contains("nested", Assert.Throws<InvalidModelException>(() => StrictOnnx.Rewrite(Field(7, graph))).Message);
    }

    private static byte[] TensorOf(byte[] fields) => Field(7, Field(5, fields));

    private static byte[] Attribute(byte[] fields) => Field(7, Field(1, Field(5, fields)));

    // The same fields, with tags and lengths in five bytes.
    private static byte[] Padded(byte[] model)
    {
        var padded = new List<byte>();
        for (var read = 0; read < model.Length;)
        {
            var tag = Next();
            padded.AddRange(Varint(tag, width: 5));
            var value = Next();
            padded.AddRange(Varint(value, width: 5));
            if ((tag & 7) != 2) continue;
            padded.AddRange(model.AsSpan(read, (int)value));
            read += (int)value;

            ulong Next()
            {
                var (number, shift) = (0ul, 0);
                do number |= (ulong)(model[read] & 127) << (7 * shift++);
                while (model[read++] > 127);
                return number;
            }
        }
        return [.. padded];
    }
}
