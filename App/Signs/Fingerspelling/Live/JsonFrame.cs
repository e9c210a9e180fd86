using System.Text;
using System.Text.Json;

namespace App.Signs.Fingerspelling.Live;

/// <summary>
/// The frame of browsers: <c>{"seq":1,"landmarks":[[x,y,z]×21],"handedness":"Right"}</c>, or with a command in place of
/// landmarks where words are spelled. Read token by token, without an object of it.
/// </summary>
internal static class JsonFrame
{
    /// <summary>The largest seq: what every JSON reader takes for a whole number.</summary>
    public const long MostSeq = (1L << 53) - 1;

    /// <summary>Reads a frame; answers what is wrong with it, or null.</summary>
    /// <param name="frame">UTF-8.</param>
    /// <param name="landmarks">Filled unless it is a command.</param>
    /// <param name="seq">Of the frame, if it was found, faults or not.</param>
    /// <param name="command">What to do to the word; null: nothing, it is a hand.</param>
    public static FrameFault? Read(ReadOnlySpan<byte> frame, Span<float> landmarks, out long? seq, out SpellingCommand? command)
    {
        (seq, command) = (null, null);
        var reader = new Utf8JsonReader(frame);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return FrameFault.Json("it is another kind of value");
            var found = Fields.None;
            FrameFault? fault = null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var field = FieldOf(ref reader);
                if (field == Fields.None) fault ??= FrameFault.Unknown(Short(ref reader));
                else if (Has(found, field)) fault ??= FrameFault.Duplicate(NameOf(field));
                found |= field;
                reader.Read();
                // A fault does not end the reading: seq may come behind it, and the sender wants to know which frame it was.
                var wrong = ReadField(ref reader, field, landmarks, ref seq, ref command);
                fault ??= wrong;
                SkipRest(ref reader);
            }
            // Reads on past the object, where nothing may be.
            reader.Read();
            return fault ?? Missing(found);
        }
        catch (JsonException e)
        {
            return FrameFault.Json($"byte {e.BytePositionInLine} of line {e.LineNumber + 1}");
        }
    }

    private static FrameFault? ReadField(ref Utf8JsonReader reader, Fields field, Span<float> landmarks, ref long? seq,
        ref SpellingCommand? command)
    {
        switch (field)
        {
            case Fields.Seq:
                if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var number) || number is < 0 or > MostSeq)
                    return FrameFault.Value("seq", $"send a whole number from 0 to {MostSeq}");
                seq = number;
                return null;
            case Fields.Landmarks:
                return ReadLandmarks(ref reader, landmarks);
            case Fields.Handedness:
                var known = reader.TokenType == JsonTokenType.Null
                    || (reader.TokenType == JsonTokenType.String
                        && (reader.ValueTextEquals("Right"u8) || reader.ValueTextEquals("Left"u8)));
                return known ? null : FrameFault.Value("handedness", "send \"Right\" or \"Left\", or leave it out");
            case Fields.Command:
                command = CommandOf(ref reader);
                return command is null ? FrameFault.Value("command", "send \"space\", \"delete\" or \"clear\"") : null;
            default:
                return null;
        }
    }

    private static FrameFault? ReadLandmarks(ref Utf8JsonReader reader, Span<float> landmarks)
    {
        if (reader.TokenType != JsonTokenType.StartArray) return WrongCount();
        for (var i = 0; i < landmarks.Length; i++)
        {
            if (i % 3 == 0 && !(reader.Read() && reader.TokenType == JsonTokenType.StartArray)) return WrongCount();
            if (!reader.Read() || reader.TokenType != JsonTokenType.Number) return WrongCount();
            if (!reader.TryGetSingle(out var value) || !FrameLimits.Takes(value)) return FrameFault.Coordinate(i, value);
            landmarks[i] = value;
            if (i % 3 == 2 && !(reader.Read() && reader.TokenType == JsonTokenType.EndArray)) return WrongCount();
        }
        return reader.Read() && reader.TokenType == JsonTokenType.EndArray ? null : WrongCount();
    }

    // From wherever the reader stands in a value of the frame's object to the end of that value.
    private static void SkipRest(ref Utf8JsonReader reader)
    {
        if (reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject) reader.Skip();
        while (reader.CurrentDepth > 1 && reader.Read())
        {
        }
    }

    private static FrameFault? Missing(Fields found)
    {
        if (!Has(found, Fields.Seq)) return FrameFault.Missing("seq");
        if (!Has(found, Fields.Command)) return Has(found, Fields.Landmarks) ? null : FrameFault.Missing("landmarks");
        return Has(found, Fields.Landmarks) ? FrameFault.Value("command", "send it without landmarks") : null;
    }

    private static bool Has(Fields found, Fields field) => (found & field) != Fields.None;

    private static FrameFault WrongCount() => FrameFault.Value("landmarks", $"send {Landmarks.Count} points of 3 numbers, [[x,y,z],…]");

    private static Fields FieldOf(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("seq"u8) ? Fields.Seq
        : reader.ValueTextEquals("landmarks"u8) ? Fields.Landmarks
        : reader.ValueTextEquals("handedness"u8) ? Fields.Handedness
        : reader.ValueTextEquals("command"u8) ? Fields.Command
        : Fields.None;

    private static SpellingCommand? CommandOf(ref Utf8JsonReader reader) =>
        reader.TokenType != JsonTokenType.String ? null
        : reader.ValueTextEquals("space"u8) ? SpellingCommand.Space
        : reader.ValueTextEquals("delete"u8) ? SpellingCommand.Delete
        : reader.ValueTextEquals("clear"u8) ? SpellingCommand.Clear
        : null;

    private static string NameOf(Fields field) => field.ToString().ToLowerInvariant();

    private static string Short(ref Utf8JsonReader reader)
    {
        var name = reader.ValueSpan;
        return Encoding.UTF8.GetString(name[..Math.Min(name.Length, 32)]);
    }

    [Flags]
    private enum Fields
    {
        None = 0,
        Seq = 1,
        Landmarks = 2,
        Handedness = 4,
        Command = 8,
    }
}

/// <summary>What a client does to the word that is spelled.</summary>
internal enum SpellingCommand
{
    /// <summary>Ends the word.</summary>
    Space,

    /// <summary>Takes the last character back.</summary>
    Delete,

    /// <summary>Begins anew.</summary>
    Clear,
}
