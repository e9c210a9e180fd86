namespace App.Signs.Fingerspelling.Live;

/// <summary>
/// The letter that the last frames of one connection stand for. Each frame votes for its letter with its confidence; a
/// frame without a letter votes for "no letter" with what its best guess lacks to certainty.
/// </summary>
/// <param name="size">Frames that vote.</param>
internal sealed class LetterWindow(int size)
{
    /// <summary>The largest window.</summary>
    public const int MostFrames = 120;

    private const int NoLetter = Alphabet.Count;

    private readonly LetterGuess[] frames = new LetterGuess[size];
    private readonly float[] votes = new float[Alphabet.Count + 1];
    private int next;
    private int count;

    /// <summary>Takes a frame and answers the majority, with its share of the votes that there could be.</summary>
    public LetterGuess Push(LetterGuess frame)
    {
        frames[next] = frame;
        next = (next + 1) % frames.Length;
        if (count < frames.Length) count++;
        Array.Clear(votes);
        foreach (var one in frames.AsSpan(0, count)) votes[Choice(one)] += one.IsLetter ? one.Confidence : 1 - one.Confidence;
        // Of two that are equal the one that is shown now is the better guess.
        var most = Choice(frame);
        for (var choice = 0; choice < votes.Length; choice++)
            if (votes[choice] > votes[most]) most = choice;
        return new LetterGuess(most == NoLetter ? frame.Best : most, Math.Clamp(votes[most] / count, 0, 1), most != NoLetter);
    }

    private static int Choice(LetterGuess guess) => guess.IsLetter ? guess.Best : NoLetter;
}
