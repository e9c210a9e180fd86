using System.Buffers;
using System.Text;
using System.Text.Json;
using App.Platform.Http;

namespace App.Energy.Readings.Ingest;

/// <summary>
/// Parses <c>{"readings":[…]}</c>, or one item a line (NDJSON), as it arrives: whatever part of the body is there is
/// consumed token by token, and no tree or object is built. Faulty items are noted and parsing goes on; only what is
/// no JSON at all ends it.
/// </summary>
internal sealed class JsonReadings(ReadingBatch batch, bool lines)
{
    private static readonly JsonReaderOptions Strict = new() { MaxDepth = 8 };
    private static readonly JsonReaderOptions Lines = new() { MaxDepth = 8, AllowMultipleValues = true };

    // More than a message shows, so that it can tell that it leaves something out.
    private const int MostShown = 256;

    // Where the next token stands.
    private enum Place
    {
        Root,
        Envelope,
        EnvelopeValue,
        Items,
        Item,
        ItemValue,
        Skipped,
        End,
    }

    [Flags]
    private enum Field
    {
        None = 0,
        Building = 1,
        Meter = 2,
        Ts = 4,
        Watts = 8,
    }

    private readonly byte[] name = new byte[(ReadingLimits.MaxIdLength * 2) + 1];
    private readonly byte[] meter = new byte[ReadingLimits.MaxIdLength];
    private JsonReaderState state = new(lines ? Lines : Strict);
    private Place place = lines ? Place.Items : Place.Root;
    private Place afterSkipped;
    private int skippedDepth;
    private bool readingsSeen;

    // The item being read.
    private int index;
    private Field seen;
    private Field current;
    private bool faulty;
    private int buildingLength;
    private int meterLength;
    private long ts;
    private double watts;

    /// <summary>Consumes the complete tokens of a buffer.</summary>
    /// <returns>How far it came.</returns>
    /// <exception cref="UnreadableBodyException">The bytes are no JSON, or not of this shape.</exception>
    public SequencePosition Parse(in ReadOnlySequence<byte> buffer, bool isLast)
    {
        var reader = new Utf8JsonReader(buffer, isLast, state);
        try
        {
            while (reader.Read()) Take(ref reader);
        }
        catch (JsonException e)
        {
            throw UnreadableBodyException.At(Where, buffer.Slice(reader.Position), e);
        }
        state = reader.CurrentState;
        return reader.Position;
    }

    // Where the parser stands, for a message about what it could not read.
    private string Where => place switch
    {
        Place.Item or Place.ItemValue => current == Field.None ? $"readings[{index}]" : FieldName(current),
        Place.Skipped when afterSkipped is Place.Item or Place.Items => $"readings[{index}]",
        Place.Items => $"readings[{batch.Count}]",
        _ => "body",
    };

    private void Take(ref Utf8JsonReader reader)
    {
        switch (place)
        {
            case Place.Root:
                if (reader.TokenType != JsonTokenType.StartObject)
                    throw new UnreadableBodyException(new FieldError("body", Text(ref reader), "send an object: {\"readings\":[...]}"));
                place = Place.Envelope;
                break;
            case Place.Envelope:
                TakeEnvelope(ref reader);
                break;
            case Place.EnvelopeValue:
                if (reader.TokenType == JsonTokenType.StartArray) place = Place.Items;
                else Refuse(ref reader, "readings", "send an array of readings", Place.Envelope);
                break;
            case Place.Items:
                TakeItems(ref reader);
                break;
            case Place.Item:
                TakeItem(ref reader);
                break;
            case Place.ItemValue:
                place = Place.Item;
                TakeValue(ref reader);
                current = Field.None;
                break;
            case Place.Skipped:
                TakeSkipped(ref reader);
                break;
        }
    }

    private void TakeEnvelope(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.EndObject)
        {
            place = Place.End;
            if (!readingsSeen) batch.Fault("readings", null, "send {\"readings\":[...]}");
        }
        else if (!Names(ref reader, "readings"u8))
        {
            batch.Fault(Text(ref reader), null, "unknown field: the body has only 'readings'");
            SkipNext(Place.Envelope);
        }
        else
        {
            if (readingsSeen) batch.Fault("readings", null, "give each field once");
            readingsSeen = true;
            place = Place.EnvelopeValue;
        }
    }

    private void TakeItems(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.EndArray)
        {
            place = Place.Envelope;
            return;
        }
        index = batch.NextIndex();
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            (seen, current, faulty, meterLength) = (Field.None, Field.None, false, 0);
            place = Place.Item;
        }
        else
        {
            Refuse(ref reader, $"readings[{index}]", "send an object with buildingId, meter, ts and watts", Place.Items);
        }
    }

    private void TakeItem(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.EndObject)
        {
            place = Place.Items;
            Finish();
            return;
        }
        current = Names(ref reader, "buildingId"u8) ? Field.Building
            : Names(ref reader, "ts"u8) ? Field.Ts
            : Names(ref reader, "watts"u8) ? Field.Watts
            : Names(ref reader, "meter"u8) ? Field.Meter
            : Field.None;
        if (current == Field.None)
        {
            Fault(Text(ref reader), null, "unknown field: an item has buildingId, meter, ts and watts");
            SkipNext(Place.Item);
            return;
        }
        if ((seen & current) != Field.None) Fault(ShortName(current), null, "give each field once");
        seen |= current;
        place = Place.ItemValue;
    }

    private void TakeValue(ref Utf8JsonReader reader)
    {
        var good = current switch
        {
            Field.Building => TakeId(ref reader, name, out buildingLength),
            Field.Meter => TakeId(ref reader, meter, out meterLength),
            Field.Ts => TakeTs(ref reader),
            _ => TakeWatts(ref reader),
        };
        if (good) return;
        faulty = true;
        Refuse(ref reader, FieldName(current), current switch
        {
            Field.Building or Field.Meter => $"give 1 to {ReadingLimits.MaxIdLength} of A-Z a-z 0-9 . _ : -",
            Field.Ts =>
                "give an RFC 3339 time such as \"2026-01-01T00:00:00Z\" or whole Unix milliseconds, from 2000-01-01 to one day ahead",
            _ => $"give a number of watts within ±{ReadingLimits.MaxWatts:N0}",
        }, Place.Item);
    }

    private static bool TakeId(ref Utf8JsonReader reader, byte[] into, out int length)
    {
        length = 0;
        if (reader.TokenType != JsonTokenType.String) return false;
        var raw = reader.HasValueSequence ? reader.ValueSequence.Length : reader.ValueSpan.Length;
        // Escapes shorten what is read: six bytes may be one character.
        if (raw > ReadingLimits.MaxIdLength * 6) return false;
        if (!reader.HasValueSequence && !reader.ValueIsEscaped)
        {
            if (!ReadingLimits.IsId(reader.ValueSpan)) return false;
            reader.ValueSpan.CopyTo(into);
            length = reader.ValueSpan.Length;
            return true;
        }
        Span<byte> copy = stackalloc byte[ReadingLimits.MaxIdLength * 6];
        length = Copy(ref reader, copy);
        if (length < 0 || !ReadingLimits.IsId(copy[..length])) return false;
        copy[..length].CopyTo(into);
        return true;
    }

    private bool TakeTs(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Number:
                return reader.TryGetInt64(out ts) && InRange();
            case JsonTokenType.String:
                Span<byte> copy = stackalloc byte[64];
                if ((reader.HasValueSequence ? reader.ValueSequence.Length : reader.ValueSpan.Length) > copy.Length) return false;
                var length = Copy(ref reader, copy);
                return length > 0 && Rfc3339.TryParse(copy[..length], out ts) && InRange();
            default:
                return false;
        }
    }

    private bool InRange() => ts >= ReadingLimits.MinTs && ts <= batch.LatestTs;

    private bool TakeWatts(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out watts) && Math.Abs(watts) <= ReadingLimits.MaxWatts;

    private void Finish()
    {
        foreach (var field in (ReadOnlySpan<Field>)[Field.Building, Field.Ts, Field.Watts])
        {
            if ((seen & field) != Field.None) continue;
            faulty = true;
            batch.Fault(FieldName(field), null, "the field is missing");
        }
        if (faulty) return;
        name[buildingLength] = (byte)'\n';
        var from = (seen & Field.Meter) != Field.None ? meter.AsSpan(0, meterLength) : "mains"u8;
        from.CopyTo(name.AsSpan(buildingLength + 1));
        batch.Add(name.AsSpan(0, buildingLength + 1 + from.Length), new Reading(ts, watts));
    }

    private void Fault(string field, string? value, string cure)
    {
        faulty = true;
        batch.Fault($"readings[{index}].{field}", value, cure);
    }

    // Notes a value of the wrong kind; where it is an object or an array, its inside is passed over.
    private void Refuse(ref Utf8JsonReader reader, string field, string cure, Place then)
    {
        var opens = reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject;
        batch.Fault(field, opens ? reader.TokenType == JsonTokenType.StartArray ? "[...]" : "{...}" : Text(ref reader), cure);
        if (opens) (place, afterSkipped, skippedDepth) = (Place.Skipped, then, reader.CurrentDepth);
        else place = then;
    }

    private void SkipNext(Place then) => (place, afterSkipped, skippedDepth) = (Place.Skipped, then, -1);

    // The value behind an unknown name: a scalar is one token, anything else ends at the depth where it began.
    private void TakeSkipped(ref Utf8JsonReader reader)
    {
        var opens = reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject;
        var ends = reader.TokenType is JsonTokenType.EndArray or JsonTokenType.EndObject;
        if (skippedDepth < 0 && opens) skippedDepth = reader.CurrentDepth;
        else if (skippedDepth < 0 || (ends && reader.CurrentDepth == skippedDepth)) place = afterSkipped;
    }

    private string FieldName(Field field) => $"readings[{index}].{ShortName(field)}";

    private static string ShortName(Field field) => field switch
    {
        Field.Building => "buildingId",
        Field.Meter => "meter",
        Field.Ts => "ts",
        _ => "watts",
    };

    // A name that is no text, such as half a surrogate pair, is no name of ours.
    private static bool Names(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        try
        {
            return reader.ValueTextEquals(name);
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    // The length of a string's text; -1 for what is no text, such as half a surrogate pair.
    private static int Copy(ref Utf8JsonReader reader, scoped Span<byte> into)
    {
        try
        {
            return reader.CopyString(into);
        }
        catch (InvalidOperationException)
        {
            return -1;
        }
    }

    private static string Text(ref Utf8JsonReader reader)
    {
        var raw = reader.HasValueSequence ? reader.ValueSequence.ToArray() : reader.ValueSpan;
        return Encoding.UTF8.GetString(raw[..Math.Min(raw.Length, MostShown)]);
    }
}
