namespace App.Signs.Fingerspelling;

/// <summary>The letters that are told apart, in the order of the model's outputs.</summary>
internal static class Alphabet
{
    /// <summary>How many there are.</summary>
    public const int Count = 26;

    /// <summary>Index of J, which is a movement of the hand of I.</summary>
    public const int J = 'J' - 'A';

    /// <summary>Index of Z, which is a movement of the hand that points.</summary>
    public const int Z = 'Z' - 'A';

    /// <summary>A to Z.</summary>
    public static IReadOnlyList<string> Labels { get; } = [.. Enumerable.Range(0, Count).Select(letter => Letter(letter).ToString())];

    /// <summary>The letter of an index.</summary>
    public static char Letter(int index) => (char)('A' + index);

    /// <summary>The index of a letter of either case, or -1.</summary>
    public static int IndexOf(ReadOnlySpan<char> letter) =>
        letter.Length == 1 && char.IsAsciiLetter(letter[0]) ? (letter[0] | 0x20) - 'a' : -1;
}
