using System.Globalization;
using System.Text;
using System.Text.Json;

namespace App.Exchange.Webhooks;

/// <summary>
/// JSON as JavaScript writes it: some providers sign what <c>JSON.stringify</c> makes of an object, and send it otherwise.
/// </summary>
internal static class JavaScriptJson
{
    /// <summary>
    /// The text of a member of an object, as it stands there; of several with the name the last, as in JavaScript. Empty: there is none.
    /// </summary>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static ReadOnlySpan<byte> Member(ReadOnlySpan<byte> json, string name)
    {
        var reader = new Utf8JsonReader(json);
        ReadOnlySpan<byte> found = default;
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return found;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var wanted = Unescape(reader.ValueSpan) == name;
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (wanted) found = json[start..(int)reader.BytesConsumed];
        }
        return found;
    }

    /// <summary><c>JSON.stringify(JSON.parse(json))</c>, in UTF-8.</summary>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static byte[] Stringify(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        var text = new StringBuilder(json.Length);
        Write(ref reader, text);
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static void Write(ref Utf8JsonReader reader, StringBuilder text)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject: WriteObject(ref reader, text); break;
            case JsonTokenType.StartArray: WriteArray(ref reader, text); break;
            case JsonTokenType.String: Quote(Unescape(reader.ValueSpan), text); break;
            case JsonTokenType.Number: text.Append(Number(reader.ValueSpan)); break;
            case JsonTokenType.True: text.Append("true"); break;
            case JsonTokenType.False: text.Append("false"); break;
            default: text.Append("null"); break;
        }
    }

    private static void WriteArray(ref Utf8JsonReader reader, StringBuilder text)
    {
        text.Append('[');
        for (var first = true; reader.Read() && reader.TokenType != JsonTokenType.EndArray; first = false)
        {
            if (!first) text.Append(',');
            Write(ref reader, text);
        }
        text.Append(']');
    }

    // Names that are indexes come first, in their order; a repeated name keeps its first place and its last value.
    private static void WriteObject(ref Utf8JsonReader reader, StringBuilder text)
    {
        var members = new OrderedDictionary<string, string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = Unescape(reader.ValueSpan);
            reader.Read();
            var value = new StringBuilder();
            Write(ref reader, value);
            members[name] = value.ToString();
        }
        text.Append('{');
        var begun = text.Length;
        foreach (var (name, value) in members.Where(member => Index(member.Key) is not null)
            .OrderBy(member => Index(member.Key)).Concat(members.Where(member => Index(member.Key) is null)))
        {
            if (text.Length > begun) text.Append(',');
            Quote(name, text);
            text.Append(':').Append(value);
        }
        text.Append('}');
    }

    private static uint? Index(string name) =>
        name.Length is > 0 and <= 10 && (name[0] != '0' || name.Length == 1)
            && uint.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < uint.MaxValue ? index : null;

    // Not the reader's own: it refuses halves of surrogate pairs, which JavaScript takes.
    private static string Unescape(ReadOnlySpan<byte> raw)
    {
        var escaped = Encoding.UTF8.GetString(raw);
        if (!escaped.Contains('\\')) return escaped;
        var text = new StringBuilder(escaped.Length);
        for (var i = 0; i < escaped.Length; i++)
        {
            if (escaped[i] != '\\')
            {
                text.Append(escaped[i]);
                continue;
            }
            i++;
            text.Append(
                escaped[i] switch
                {
                    'b' => '\b',
                    'f' => '\f',
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'u' => (char)ushort.Parse(escaped.AsSpan(i + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture),
                    var other => other
                });
            if (escaped[i] == 'u') i += 4;
        }
        return text.ToString();
    }

    private static void Quote(string value, StringBuilder text)
    {
        text.Append('"');
        for (var i = 0; i < value.Length; i++)
        {
            var c = value[i];
            switch (c)
            {
                case '"': text.Append("\\\""); break;
                case '\\': text.Append(@"\\"); break;
                case '\b': text.Append("\\b"); break;
                case '\f': text.Append("\\f"); break;
                case '\n': text.Append("\\n"); break;
                case '\r': text.Append("\\r"); break;
                case '\t': text.Append("\\t"); break;
                case < ' ': text.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture)); break;
                default:
                    if (char.IsHighSurrogate(c) && i + 1 < value.Length && char.IsLowSurrogate(value[i + 1]))
                        text.Append(c).Append(value[++i]);
                    else if (char.IsSurrogate(c)) text.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture));
                    else text.Append(c);
                    break;
            }
        }
        text.Append('"');
    }

    // ECMAScript's Number::toString, from the shortest digits that mean the same number.
    private static string Number(ReadOnlySpan<byte> raw)
    {
        var value = double.Parse(raw, NumberStyles.Float, CultureInfo.InvariantCulture);
        if (!double.IsFinite(value)) return "null";
        if (value == 0) return "0";
        var written = Math.Abs(value).ToString("R", CultureInfo.InvariantCulture).Split('E');
        var whole = written[0].IndexOf('.') is >= 0 and var dot ? dot : written[0].Length;
        var all = written[0].Replace(".", "", StringComparison.Ordinal);
        var digits = all.Trim('0');
        // Where the point stands: the number is 0.digits × 10^point.
        var point = whole - (all.Length - all.TrimStart('0').Length)
            + (written.Length > 1 ? int.Parse(written[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) : 0);
        var sign = value < 0 ? "-" : "";
        return sign + point switch
        {
            > 21 or <= -6 => $"{digits[0]}{(digits.Length > 1 ? "." + digits[1..] : "")}e{(point > 0 ? "+" : "-")}{Math.Abs(point - 1)}",
            <= 0 => "0." + new string('0', -point) + digits,
            _ when point >= digits.Length => digits + new string('0', point - digits.Length),
            _ => digits[..point] + "." + digits[point..],
        };
    }
}
