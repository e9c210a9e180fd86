using App.Signs.Fingerspelling;

namespace App.Training.Hands;

/// <summary>
/// What a model must beat: the letter whose mean hand is nearest. Hands are scaled as the network sees them, and mirrored to
/// one side, as far as the palm tells which it is.
/// </summary>
internal sealed class NearestCentroid
{
    private readonly float[][] centroids = [.. Enumerable.Range(0, Alphabet.Count).Select(_ => new float[Landmarks.Size])];
    private readonly int[] counts = new int[Alphabet.Count];

    /// <summary>Takes the means.</summary>
    public NearestCentroid(IEnumerable<LabelledFrames> sets)
    {
        var hand = new float[Landmarks.Size];
        foreach (var frames in sets)
        {
            for (var i = 0; i < frames.Count; i++)
            {
                ToOneSide(frames.Frame(i), hand);
                var centroid = centroids[frames.Letters[i]];
                System.Numerics.Tensors.TensorPrimitives.Add(centroid, hand, centroid);
                counts[frames.Letters[i]]++;
            }
        }
        for (var letter = 0; letter < Alphabet.Count; letter++)
            System.Numerics.Tensors.TensorPrimitives.Divide(centroids[letter], Math.Max(1, counts[letter]), centroids[letter]);
    }

    /// <summary>Share of frames whose letter it names.</summary>
    public double Accuracy(LabelledFrames frames)
    {
        var hand = new float[Landmarks.Size];
        var right = 0;
        for (var i = 0; i < frames.Count; i++)
        {
            ToOneSide(frames.Frame(i), hand);
            var nearest = Enumerable.Range(0, Alphabet.Count).Where(letter => counts[letter] > 0)
                .MinBy(letter => System.Numerics.Tensors.TensorPrimitives.Distance<float>(centroids[letter], hand));
            if (nearest == frames.Letters[i]) right++;
        }
        return frames.Count == 0 ? 0 : (double)right / frames.Count;
    }

    private static void ToOneSide(ReadOnlySpan<float> frame, Span<float> hand)
    {
        HandFeatures.Centre(frame, hand);
        var (first, last) = (Landmarks.Dimensions * Landmarks.Knuckle(0), Landmarks.Dimensions * Landmarks.Knuckle(3));
        if ((hand[first] * hand[last + 1]) - (hand[first + 1] * hand[last]) >= 0) return;
        for (var i = 0; i < hand.Length; i += Landmarks.Dimensions) hand[i] = -hand[i];
    }
}
