using App.Signs.Fingerspelling;

namespace App.Training.Hands;

/// <summary>
/// What the network sees of a frame, computed inside the ONNX graph as well (<see cref="LetterGraph"/>): the landmarks with
/// the wrist at the origin over the largest distance from it in the picture; the distances in the picture between
/// <see cref="Pairs"/> of them, which do not change when the hand turns or is mirrored; and x and y over the hand's box, which
/// do not change with the shape of the picture.
/// </summary>
internal static class HandFeatures
{
    /// <summary>Factor on z, which is small.</summary>
    public const float DepthScale = 1.5f;

    /// <summary>Square of the least distance that is divided by: a frame of zeros stays one.</summary>
    public const float LeastSquare = 1e-10f;

    /// <summary>The least side of the box, in units of the largest distance.</summary>
    public const float LeastSide = 1e-5f;

    /// <summary>Coordinates in the picture.</summary>
    public const int Plane = 2;

    private static readonly int[] Compared = [0, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 16, 17, 18, 20];

    /// <summary>
    /// Landmarks whose distances are seen: wrist, thumb, and knuckle, middle joint and tip of each finger, each with each.
    /// </summary>
    public static IReadOnlyList<(int From, int To)> Pairs { get; } =
        [.. Compared.SelectMany((from, i) => Compared.Skip(i + 1).Select(to => (from, to)))];

    private static readonly (int From, int To)[] PairsInOrder = [.. Pairs];

    /// <summary>Floats of the network's input.</summary>
    public static int Size { get; } = Landmarks.Size + Pairs.Count + (Landmarks.Count * Plane);

    /// <summary>Turns a frame of raw landmarks into the network's input.</summary>
    public static void Fill(ReadOnlySpan<float> landmarks, Span<float> features)
    {
        var hand = features[..Landmarks.Size];
        Centre(landmarks, hand);
        var distances = features.Slice(Landmarks.Size, PairsInOrder.Length);
        for (var pair = 0; pair < PairsInOrder.Length; pair++)
        {
            var (from, to) = (3 * PairsInOrder[pair].From, 3 * PairsInOrder[pair].To);
            var (x, y) = (hand[from] - hand[to], hand[from + 1] - hand[to + 1]);
            distances[pair] = MathF.Sqrt((x * x) + (y * y));
        }
        Box(hand, features[(Landmarks.Size + PairsInOrder.Length)..]);
    }

    /// <summary>The landmarks from the wrist over the largest distance from it in the picture.</summary>
    public static void Centre(ReadOnlySpan<float> landmarks, Span<float> hand)
    {
        var largest = LeastSquare;
        for (var i = 0; i < Landmarks.Size; i += Landmarks.Dimensions)
        {
            for (var axis = 0; axis < Landmarks.Dimensions; axis++) hand[i + axis] = landmarks[i + axis] - landmarks[axis];
            largest = Math.Max(largest, (hand[i] * hand[i]) + (hand[i + 1] * hand[i + 1]));
        }
        var radius = MathF.Sqrt(largest);
        for (var i = 0; i < Landmarks.Size; i++) hand[i] = hand[i] / radius * (i % Landmarks.Dimensions == Plane ? DepthScale : 1);
    }

    private static void Box(ReadOnlySpan<float> hand, Span<float> box)
    {
        for (var axis = 0; axis < Plane; axis++)
        {
            var (low, high) = (float.MaxValue, float.MinValue);
            for (var i = axis; i < Landmarks.Size; i += Landmarks.Dimensions)
                (low, high) = (Math.Min(low, hand[i]), Math.Max(high, hand[i]));
            var side = Math.Max(high - low, LeastSide);
            for (var i = 0; i < Landmarks.Count; i++) box[(Plane * i) + axis] = (hand[(Landmarks.Dimensions * i) + axis] - low) / side;
        }
    }
}
