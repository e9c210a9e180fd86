using System.Text.Json;
using System.Text.RegularExpressions;
using App.Platform.Http;
using App.Runs.Plans;

namespace App.Exchange.Messages.Meta;

/// <summary>
/// The body of a WhatsApp message: the Cloud API's own object without what is known here (<c>type</c>, and the object
/// that is named so), or <c>{"text":"…"}</c> for short.
/// </summary>
internal static partial class WhatsAppBody
{
    private const int LongestText = 4096;

    private static readonly string[] Media = ["image", "video", "audio", "document", "sticker"];
    private static readonly string[] Types = ["text", "template", "interactive", .. Media];

    /// <summary>Looks for faults.</summary>
    public static void Validate(string to, JsonElement body, List<FieldError> faults)
    {
        if (!Number().IsMatch(to))
            faults.Add(new FieldError("to", Problems.Shorten(to), "give a number in international form, such as +2348012345678"));
        var fields = new JsonFields(body, "body", faults);
        if (body.ValueKind != JsonValueKind.Object)
        {
            faults.Add(new FieldError("body", JsonFields.Show(body),
                "give an object such as {\"type\":\"text\",\"text\":{\"body\":\"Hello\"}}"));
            return;
        }
        if (ShortText(body) is { } text)
        {
            fields.Only("text");
            Text(new JsonFields(body, "body", faults), "text", text);
            return;
        }
        if (fields.Text("type", required: true) is not { } type) return;
        if (!Types.Contains(type))
        {
            fields.Fault("type", type, $"use one of {string.Join(", ", Types)}");
            return;
        }
        fields.Only("type", type, "context");
        if (fields.Object(type) is not { } content) return;
        if (type == "text" && content.Text("body", required: true) is { } words) Text(content, "body", words);
        if (type == "template")
        {
            content.Text("name", required: true);
            content.Object("language")?.Text("code", required: true);
        }
        if (type == "interactive")
        {
            content.Text("type", required: true);
            content.Object("action");
        }
        if (Media.Contains(type) && content.Text("link", required: true) is { } link
            && !(Uri.TryCreate(link, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"))
            content.Fault("link", link, "give an absolute URL that the far side can fetch");
    }

    /// <summary>The request that sends it.</summary>
    public static byte[] Request(Guid id, string to, byte[] body)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, ResolvedInput.Writing))
        {
            var content = JsonElement.Parse(body);
            writer.WriteStartObject();
            writer.WriteString("messaging_product", "whatsapp");
            writer.WriteString("recipient_type", "individual");
            writer.WriteString("to", to);
            if (ShortText(content) is { } text)
            {
                writer.WriteString("type", "text");
                writer.WriteStartObject("text");
                writer.WriteString("body", text);
                writer.WriteEndObject();
            }
            else foreach (var property in content.EnumerateObject()) property.WriteTo(writer);
            // Comes back with every status, and tells which message it is of when the answer never came.
            writer.WriteString("biz_opaque_callback_data", id.ToString());
            writer.WriteEndObject();
        }
        return buffer.ToArray();
    }

    private static string? ShortText(JsonElement body) =>
        body.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;

    private static void Text(JsonFields fields, string name, string text)
    {
        if (text.Length is 0 or > LongestText) fields.Fault(name, text, $"give 1 to {LongestText:N0} characters");
    }

    [GeneratedRegex(@"\A\+?[1-9][0-9]{6,14}\z")]
    private static partial Regex Number();
}
