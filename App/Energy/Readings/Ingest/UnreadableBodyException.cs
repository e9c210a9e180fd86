using System.Buffers;
using System.Text;
using System.Text.Json;
using App.Platform.Http;

namespace App.Energy.Readings.Ingest;

/// <summary>A body that ends the parsing, since it is no JSON or of another shape altogether: 400.</summary>
/// <param name="fault">Where, what was found there, and what to send.</param>
internal sealed class UnreadableBodyException(FieldError fault) : Exception(fault.Cure)
{
    private const int MostShown = 32;

    /// <summary>Where, what was found there, and what to send.</summary>
    public FieldError Fault => fault;

    /// <summary>Says what stands where the JSON ends to be JSON.</summary>
    /// <param name="where">The item and field that were being read.</param>
    /// <param name="rest">The bytes behind the last token that could be read.</param>
    /// <param name="e">What the reader says.</param>
    public static UnreadableBodyException At(string where, in ReadOnlySequence<byte> rest, JsonException e)
    {
        var found = Found(rest);
        var cure = found.TrimStart('-', '+') is "NaN" or "nan" or "Infinity" or "inf"
            ? "give a number: NaN and Infinity are none in JSON; leave out what was not measured"
            : $"correct the JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}: {Sentence(e.Message)}";
        return new(new FieldError(where, found.Length == 0 ? null : found, cure));
    }

    // The word at the fault: up to what ends a value in JSON.
    private static string Found(in ReadOnlySequence<byte> rest)
    {
        var text = Encoding.UTF8.GetString(rest.Slice(0, Math.Min(rest.Length, MostShown * 4))).TrimStart(' ', '\t', '\r', '\n', ':', ',');
        var end = text.AsSpan(Math.Min(1, text.Length)).IndexOfAny(" \t\r\n,}]");
        return Problems.Shorten(end < 0 ? text : text[..(end + 1)]);
    }

    // The reader puts the position behind its sentence, counted from zero.
    private static string Sentence(string message)
    {
        var end = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return (end < 0 ? message : message[..end]).TrimEnd('.');
    }
}
