using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using App.Engines.Jobs;

namespace App.Exchange.Messages.Channels;

/// <summary>What was sent and answered, as JSON for the record: headers by their names in small letters, and no credentials.</summary>
internal static class HeadersJson
{
    private const int MostHeaders = 8_192;
    private const int LongestName = 128;

    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    // Two a delivery, thousands of deliveries a second: the writer stays with its thread.
    [ThreadStatic]
    private static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Writer)? own;

    /// <summary>A request, without its body.</summary>
    public static string Of(HttpRequestMessage request)
    {
        var (buffer, writer) = Begin();
        writer.WriteStartObject();
        writer.WriteString("method", request.Method.Method);
        writer.WriteString("url", request.RequestUri!.AbsoluteUri);
        writer.WriteStartObject("headers");
        foreach (var (name, values) in request.Headers.NonValidated)
            if (!name.Equals("Authorization", StringComparison.OrdinalIgnoreCase)) Write(writer, name, values.ToString());
        writer.WriteEndObject();
        return End(buffer, writer);
    }

    /// <summary>The headers of an answer, as many as are kept.</summary>
    public static string Of(HttpResponseMessage response)
    {
        var (buffer, writer) = Begin();
        writer.WriteStartObject();
        foreach (var (name, values) in response.Headers.NonValidated)
        {
            var text = values.ToString();
            if (writer.BytesCommitted + writer.BytesPending + name.Length + text.Length < MostHeaders)
                Write(writer, name, StoredText.Cut(text, MostHeaders));
        }
        return End(buffer, writer);
    }

    private static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Writer) Begin()
    {
        if (own is { } mine)
        {
            // A writer that was left in the middle of an object begins anew.
            mine.Buffer.ResetWrittenCount();
            mine.Writer.Reset(mine.Buffer);
            return mine;
        }
        var buffer = new ArrayBufferWriter<byte>(1024);
        var made = (buffer, new Utf8JsonWriter(buffer, Writing));
        own = made;
        return made;
    }

    private static void Write(Utf8JsonWriter writer, string name, string value)
    {
        Span<char> small = stackalloc char[LongestName];
        if (Ascii.ToLower(name, small, out var length) == OperationStatus.Done) writer.WriteString(small[..length], value);
        else writer.WriteString(name.ToLowerInvariant(), value);
    }

    private static string End(ArrayBufferWriter<byte> buffer, Utf8JsonWriter writer)
    {
        writer.WriteEndObject();
        writer.Flush();
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
