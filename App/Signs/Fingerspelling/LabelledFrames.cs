namespace App.Signs.Fingerspelling;

/// <summary>Frames of hands whose letters are known.</summary>
/// <param name="Source">Where they come from, such as the name of a file.</param>
/// <param name="Landmarks">Raw landmarks, <see cref="Landmarks.Size"/> floats a frame.</param>
/// <param name="Letters">Index of each frame's letter.</param>
/// <param name="Signers">Who signs each frame.</param>
internal sealed record LabelledFrames(string Source, float[] Landmarks, int[] Letters, string[] Signers)
{
    /// <summary>How many there are.</summary>
    public int Count => Letters.Length;

    /// <summary>The landmarks of one frame.</summary>
    public ReadOnlySpan<float> Frame(int index) => Landmarks.AsSpan(index * Fingerspelling.Landmarks.Size, Fingerspelling.Landmarks.Size);

    /// <summary>Those of some signers.</summary>
    public LabelledFrames Where(Func<string, bool> signer)
    {
        var chosen = Enumerable.Range(0, Count).Where(index => signer(Signers[index])).ToArray();
        var landmarks = new float[chosen.Length * Fingerspelling.Landmarks.Size];
        for (var row = 0; row < chosen.Length; row++) Frame(chosen[row]).CopyTo(landmarks.AsSpan(row * Fingerspelling.Landmarks.Size));
        return new(Source, landmarks, [.. chosen.Select(index => Letters[index])], [.. chosen.Select(index => Signers[index])]);
    }
}
