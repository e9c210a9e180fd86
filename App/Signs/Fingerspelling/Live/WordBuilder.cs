using System.Text;

namespace App.Signs.Fingerspelling.Live;

/// <summary>
/// Spells words from smoothed letters: a letter that is held is accepted once, and again only after it was let go. A
/// pause makes a space before the next letter.
/// </summary>
/// <param name="hold">How long a letter is held until it is accepted.</param>
/// <param name="pause">How long no letter is shown until the next one begins a word.</param>
internal sealed class WordBuilder(TimeSpan hold, TimeSpan pause)
{
    /// <summary>Characters that are kept; the oldest go first.</summary>
    public const int MostCharacters = 256;

    /// <summary>The hold of a connection that names none.</summary>
    public static readonly TimeSpan UsualHold = TimeSpan.FromMilliseconds(600);

    /// <summary>The pause that ends a word.</summary>
    public static readonly TimeSpan UsualPause = TimeSpan.FromMilliseconds(1500);

    // Longer without any frame, and the hand was away: what comes then is a new showing of the letter.
    private static readonly TimeSpan Unseen = TimeSpan.FromMilliseconds(500);

    private readonly StringBuilder text = new();
    private char? shown;
    private TimeSpan since;
    private TimeSpan seen;
    private TimeSpan lettered;
    private bool accepted;
    private bool paused;

    /// <summary>What has been spelled.</summary>
    public string Text { get; private set; } = "";

    /// <summary>The letter that is shown and not accepted yet, or null.</summary>
    public char? Held => accepted ? null : shown;

    /// <summary>From 0 to 1: how much of the hold has passed.</summary>
    public double Progress => Held is null ? 0 : Math.Clamp((seen - since) / hold, 0, 1);

    /// <summary>Takes the smoothed letter of a frame; null: none.</summary>
    public void Show(char? letter, TimeSpan now)
    {
        if (letter != shown || now - seen > Unseen) (shown, since, accepted) = (letter, now, false);
        seen = now;
        if (letter is null) return;
        paused |= now - lettered >= pause;
        lettered = now;
        if (accepted || now - since < hold) return;
        if (paused) Space();
        Append(letter.Value);
        (accepted, paused) = (true, false);
    }

    /// <summary>Does what the client asks for.</summary>
    public void Do(SpellingCommand command)
    {
        switch (command)
        {
            case SpellingCommand.Space: Space(); break;
            case SpellingCommand.Delete: Delete(); break;
            case SpellingCommand.Clear: Clear(); break;
        }
    }

    private void Space()
    {
        if (text.Length > 0 && text[^1] != ' ') Append(' ');
    }

    private void Delete()
    {
        if (text.Length == 0) return;
        text.Length--;
        Text = text.ToString();
    }

    private void Clear()
    {
        text.Clear();
        Text = "";
    }

    private void Append(char more)
    {
        text.Append(more);
        if (text.Length > MostCharacters) text.Remove(0, text.Length - MostCharacters);
        Text = text.ToString();
    }
}
