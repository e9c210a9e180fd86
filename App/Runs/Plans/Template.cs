using System.Text;
using System.Text.Json;

namespace App.Runs.Plans;

/// <summary>
/// A text with references. One that is exactly one reference becomes the value itself, whatever its type; otherwise
/// values are put into the text. <c>\{{</c> stands for two braces that begin no reference.
/// </summary>
/// <param name="Parts">Texts and references in turn.</param>
internal sealed record Template(IReadOnlyList<TemplatePart> Parts)
{
    private const string Open = "{{";
    private const string Close = "}}";

    /// <summary>The reference that it is exactly, or null.</summary>
    public Reference? Single => Parts is [{ Reference: { } only }] ? only : null;

    /// <summary>Whether there is anything to be resolved in a text.</summary>
    public static bool IsIn(string text) => text.Contains(Open, StringComparison.Ordinal);

    /// <summary>Reads a text; the fault is null when it is in order.</summary>
    public static Template Parse(string text, out string? fault)
    {
        fault = null;
        var parts = new List<TemplatePart>();
        var literal = new StringBuilder();
        var at = 0;
        while (text.IndexOf(Open, at, StringComparison.Ordinal) is var open and >= 0)
        {
            if (open > at && text[open - 1] == '\\')
            {
                literal.Append(text, at, open - 1 - at).Append(Open);
                at = open + Open.Length;
                continue;
            }
            literal.Append(text, at, open - at);
            var close = text.IndexOf(Close, open, StringComparison.Ordinal);
            if (close < 0)
            {
                fault = $"'{{{{' has no '}}}}': close it, or write \\{{{{ for braces that begin no reference";
                return new Template([]);
            }
            var inside = text[(open + Open.Length)..close].Trim();
            if (Reference.Parse(inside) is not { } reference)
            {
                fault = $"'{{{{{Cut(inside)}}}}}' is no reference: {Reference.Form}";
                return new Template([]);
            }
            if (literal.Length > 0) parts.Add(new TemplatePart(literal.ToString(), null));
            literal.Clear();
            parts.Add(new TemplatePart(null, reference));
            at = close + Close.Length;
        }
        literal.Append(text, at, text.Length - at);
        if (literal.Length > 0 || parts.Count == 0) parts.Add(new TemplatePart(literal.ToString(), null));
        return new Template(parts);
    }

    /// <summary>Every text with references in a value, each with the path where it stands.</summary>
    public static IEnumerable<(string Path, string Text)> TextsOf(JsonElement value, string path)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String when value.GetString() is { } text && IsIn(text):
                yield return (path, text);
                break;
            case JsonValueKind.Object:
                foreach (var property in value.EnumerateObject())
                    foreach (var found in TextsOf(property.Value, $"{path}.{property.Name}"))
                        yield return found;
                break;
            case JsonValueKind.Array:
                var index = 0;
                foreach (var item in value.EnumerateArray())
                {
                    foreach (var found in TextsOf(item, $"{path}[{index}]")) yield return found;
                    index++;
                }
                break;
        }
    }

    private static string Cut(string text) => text.Length <= 64 ? text : text[..61] + "...";
}

/// <summary>A text, or a reference.</summary>
internal sealed record TemplatePart(string? Text, Reference? Reference);
