using System.Buffers;
using System.Text;

namespace App.Engines.Jobs;

/// <summary>Text from anywhere, made fit for a column of the database.</summary>
internal static class StoredText
{
    private static readonly SearchValues<char> Suspicious =
        SearchValues.Create([.. Enumerable.Range(0xD800, 0x800).Select(c => (char)c), '\0']);

    /// <summary>Whether the database takes it as it is: no zeros, no halves of surrogate pairs.</summary>
    public static bool IsStorable(string text) => !text.AsSpan().ContainsAny(Suspicious) || Repair(text) == text;

    /// <summary>At most so many characters of it, without what the database does not take.</summary>
    public static string Cut(string text, int most)
    {
        // A pair that the cut falls into goes as a whole.
        if (text.Length > most) text = text[..(char.IsHighSurrogate(text[most - 1]) ? most - 1 : most)];
        return text.AsSpan().ContainsAny(Suspicious) ? Repair(text) : text;
    }

    private static string Repair(string text)
    {
        var repaired = new StringBuilder(text.Length);
        // A half of a pair comes out of this as U+FFFD.
        foreach (var rune in text.EnumerateRunes())
            if (rune.Value != 0) repaired.Append(rune);
        return repaired.ToString();
    }
}
