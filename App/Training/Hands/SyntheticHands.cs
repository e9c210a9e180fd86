using App.Signs.Fingerspelling;

namespace App.Training.Hands;

/// <summary>Frames of hands that the product makes up itself.</summary>
internal static class SyntheticHands
{
    private const int FramesALetter = 2;

    /// <summary>Frames of as many signers as are needed; every letter comes as often as any other.</summary>
    /// <param name="count">At least so many frames.</param>
    /// <param name="seed">Another seed, other signers.</param>
    /// <param name="strangeness">How much wider than usual the signers differ.</param>
    public static LabelledFrames Create(int count, int seed, double strangeness = 1)
    {
        const int Each = FramesALetter * Alphabet.Count;
        var signers = (count + Each - 1) / Each;
        var landmarks = new float[signers * Each * Landmarks.Size];
        var letters = new int[signers * Each];
        var names = new string[signers * Each];
        Parallel.For(0, signers, index =>
        {
            var signer = new SyntheticSigner(SeedOf(seed, index), strangeness);
            for (var row = index * Each; row < (index + 1) * Each; row++)
            {
                letters[row] = row % Alphabet.Count;
                names[row] = $"synthetic {seed}/{index}";
                signer.Show(letters[row], landmarks.AsSpan(row * Landmarks.Size, Landmarks.Size));
            }
        });
        return new("synthetic", landmarks, letters, names);
    }

    /// <summary>A seed of its own for each signer: <see cref="HashCode"/> differs from process to process.</summary>
    private static int SeedOf(int seed, int signer) => (int)((((uint)seed * 2654435761u) ^ ((uint)signer * 2246822519u)) >> 1);
}
