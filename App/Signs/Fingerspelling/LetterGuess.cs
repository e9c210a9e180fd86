namespace App.Signs.Fingerspelling;

/// <summary>What a model says of one frame.</summary>
/// <param name="Best">Index of the likeliest letter.</param>
/// <param name="Confidence">How likely it is, from 0 to 1.</param>
/// <param name="IsLetter">Whether that is enough for the model to call it a letter.</param>
internal readonly record struct LetterGuess(int Best, float Confidence, bool IsLetter)
{
    /// <summary>The letter, or null for "no letter".</summary>
    public char? Letter => IsLetter ? Alphabet.Letter(Best) : null;
}
