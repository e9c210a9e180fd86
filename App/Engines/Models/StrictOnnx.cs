using System.Text;
using System.Text.Unicode;
using App.Platform.Http;

namespace App.Engines.Models;

/// <summary>
/// Reads an ONNX file strictly and writes it anew, field by field, as <see cref="OnnxMessage"/> knows them. What readers
/// could understand differently (long tags, unknown fields, repeated ones) is refused, and a tensor whose data lie in
/// another file cannot be written: so the runtime loads nothing but what was checked, and opens no file.
/// </summary>
internal sealed class StrictOnnx
{
    private const int Deepest = 64;
    private const int Varint = 0, Fixed64 = 1, Delimited = 2, Fixed32 = 5;

    private readonly byte[] input;
    private readonly byte[] output;
    private int read;
    private int written;

    // Numbers are written as short as they can be, so the output is never longer than the input.
    private StrictOnnx(byte[] artifact) => (input, output) = (artifact, new byte[artifact.Length]);

    /// <summary>The same model, written anew; the artifact itself is not changed.</summary>
    /// <exception cref="InvalidModelException">It is no self-contained ONNX file, or can be read in more than one way.</exception>
    public static byte[] Rewrite(byte[] artifact)
    {
        if (artifact.Length == 0) throw new InvalidModelException("The artifact is empty.");
        var model = new StrictOnnx(artifact);
        model.CopyMessage(OnnxMessage.Model, artifact.Length, 0);
        return model.written == artifact.Length ? model.output : model.output[..model.written];
    }

    private void CopyMessage(OnnxMessage message, int end, int depth)
    {
        if (depth > Deepest) throw new InvalidModelException($"Its graphs are nested deeper than {Deepest} messages.");
        var (seen, name) = (0u, default(Range));
        while (read < end)
        {
            var tag = (uint)ReadVarint(end, 32, "a field's tag");
            var (number, wire) = (tag >> 3, (int)(tag & 7));
            var field = message.Find(number) ?? throw NotOnnx($"{message.Name} has no field {number}");
            if (!field.IsRepeated && (seen & (1u << (int)number)) != 0) throw NotOnnx($"{message.Name} has two fields {field.Name}");
            seen |= 1u << (int)number;
            if (field.Kind == OnnxKind.External)
            {
                // 0 says that the data are inside, as they are where the field is left out.
                if (wire != Varint || ReadVarint(end, 64, field.Name) != 0) throw IsExternal(name);
                continue;
            }

            WriteVarint(tag);
            switch (wire, field.Kind)
            {
                case (Varint, OnnxKind.Int32 or OnnxKind.Int64):
                    CopyNumber(field, end);
                    break;
                case (Fixed32, OnnxKind.Float):
                    CopyBytes(sizeof(float), end);
                    break;
                case (Fixed64, OnnxKind.Double):
                    CopyBytes(sizeof(double), end);
                    break;
                case (Delimited, OnnxKind.Text or OnnxKind.Bytes or OnnxKind.Message):
                case (Delimited, _) when field.IsRepeated:
                    var body = CopyBody(field, end, depth);
                    if (field.Name == "name") name = body;
                    break;
                default:
                    throw NotOnnx($"{message.Name}.{field.Name} has the wire type {wire}");
            }
        }
    }

    // Answers where the body stands in the output.
    private Range CopyBody(OnnxField field, int end, int depth)
    {
        var length = ReadVarint(end, 32, "a length");
        if (length > (ulong)(end - read)) throw NotOnnx($"{field.Name} is cut off");
        var bodyEnd = read + (int)length;
        var lengthAt = written;
        // Room for the longest that the body can be. Where it has become so short that its length takes less, it is moved.
        WriteVarint(length);
        var bodyAt = written;
        switch (field.Kind)
        {
            case OnnxKind.Message:
                CopyMessage(field.Message!, bodyEnd, depth + 1);
                break;
            case OnnxKind.Text when !Utf8.IsValid(input.AsSpan(read..bodyEnd)):
                throw NotOnnx($"{field.Name} is no UTF-8");
            case OnnxKind.Float when length % sizeof(float) != 0:
            case OnnxKind.Double when length % sizeof(double) != 0:
                throw NotOnnx($"{field.Name} ends within a number");
            case OnnxKind.Int32 or OnnxKind.Int64:
                while (read < bodyEnd) CopyNumber(field, bodyEnd);
                break;
            default:
                CopyBytes((int)length, bodyEnd);
                break;
        }

        var size = written - bodyAt;
        written = lengthAt;
        WriteVarint((ulong)size);
        if (written != bodyAt) output.AsSpan(bodyAt, size).CopyTo(output.AsSpan(written));
        var start = written;
        written += size;
        return start..written;
    }

    private void CopyNumber(OnnxField field, int end)
    {
        var value = ReadVarint(end, 64, field.Name);
        // Of a longer one, readers would take the lower half.
        if (field.Kind == OnnxKind.Int32 && (long)value is < int.MinValue or > int.MaxValue)
            throw NotOnnx($"{field.Name} is longer than 32 bits");
        WriteVarint(value);
    }

    private void CopyBytes(int count, int end)
    {
        if (count > end - read) throw NotOnnx("it is cut off");
        input.AsSpan(read, count).CopyTo(output.AsSpan(written));
        read += count;
        written += count;
    }

    private ulong ReadVarint(int end, int bits, string what)
    {
        var value = 0ul;
        for (var shift = 0; shift < bits; shift += 7)
        {
            if (read == end) throw NotOnnx("it is cut off");
            var next = input[read++];
            value |= (ulong)(next & 0x7f) << shift;
            if (next >= 0x80) continue;
            return bits - shift >= 7 || next >> (bits - shift) == 0 ? value : throw TooLong();
        }
        throw TooLong();

        InvalidModelException TooLong() => NotOnnx($"{what} is longer than {bits} bits");
    }

    private void WriteVarint(ulong value)
    {
        for (; value >= 0x80; value >>= 7) output[written++] = (byte)(value | 0x80);
        output[written++] = (byte)value;
    }

    private InvalidModelException IsExternal(Range name)
    {
        var tensor = output.AsSpan(name);
        var shown = Problems.Shorten(Encoding.UTF8.GetString(tensor[..Math.Min(tensor.Length, 256)]));
        return new InvalidModelException($"Tensor '{shown}' keeps its data in another file: " +
            "save the model with all data inside (onnx.save_model without save_as_external_data).");
    }

    private InvalidModelException NotOnnx(string fault) =>
        new($"It is no ONNX file: {fault} (before byte {read}). Save it again with a current release of the onnx package.");
}
