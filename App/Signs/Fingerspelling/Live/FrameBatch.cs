namespace App.Signs.Fingerspelling.Live;

/// <summary>Frames of one connection that have arrived and wait for the model, in their order; bad ones keep their place.</summary>
internal sealed class FrameBatch
{
    private readonly float[] landmarks = new float[FrameLimits.MostBatched * Landmarks.Size];
    private readonly Frame[] frames = new Frame[FrameLimits.MostBatched];

    /// <summary>Frames in it.</summary>
    public int Count { get; private set; }

    /// <summary>Of them, hands for the model.</summary>
    public int Hands { get; private set; }

    /// <summary>Whether it takes no more.</summary>
    public bool IsFull => Count == frames.Length;

    /// <summary>A frame by its place.</summary>
    public Frame this[int index] => frames[index];

    /// <summary>Landmarks of a hand by its place among the hands.</summary>
    public ReadOnlySpan<float> Row(int hand) => landmarks.AsSpan(hand * Landmarks.Size, Landmarks.Size);

    /// <summary>Reads a frame into it; answers whether it is good.</summary>
    public bool Add(ReadOnlySpan<byte> message, bool binary)
    {
        SpellingCommand? command = null;
        var row = landmarks.AsSpan(Hands * Landmarks.Size, Landmarks.Size);
        var fault = binary ? BinaryFrame.Read(message, row, out var seq) : JsonFrame.Read(message, row, out seq, out command);
        frames[Count++] = new Frame(seq, fault, command);
        if (fault is null && command is null) Hands++;
        return fault is null;
    }

    /// <summary>Empties it.</summary>
    public void Clear() => (Count, Hands) = (0, 0);

    /// <summary>A frame that was read.</summary>
    /// <param name="Seq">Its number; null where it could not be read.</param>
    /// <param name="Fault">What is wrong with it, or null.</param>
    /// <param name="Command">What it does to the word; null: it is a hand.</param>
    public readonly record struct Frame(long? Seq, FrameFault? Fault, SpellingCommand? Command);
}
