using System.Numerics;
using App.Signs.Fingerspelling;

namespace App.Training.Hands;

/// <summary>
/// Varies a frame as cameras and the programs between them do, so that a network cannot hold on to how its own frames were
/// taken: mirrored, squeezed, turned a little, unsure of itself, with another depth or none, or stretched to the hand's box.
/// </summary>
internal static class HandAugmentation
{
    private const double MostStretch = 0.7;
    private const double MostTurn = 0.3;
    private const double Jitter = 0.015;
    private const double DepthJitter = 0.02;
    private const double Flat = 0.3;
    private const double MostDepth = 0.6;
    private const double Boxed = 0.35;

    /// <summary>Varies a frame in place.</summary>
    public static void Vary(Span<float> frame, Random random)
    {
        var across = MathF.Exp(random.Between(-MostStretch, MostStretch)) * (random.Happens(0.5) ? -1 : 1);
        for (var i = 0; i < frame.Length; i += Landmarks.Dimensions) frame[i] *= across;
        Turn(frame, random);
        Blur(frame, random);
        if (random.Happens(Boxed)) Stretch(frame, random);
    }

    /// <summary>Turns the hand about the knuckle of its middle finger.</summary>
    private static void Turn(Span<float> frame, Random random)
    {
        var turn = Matrix4x4.CreateRotationZ(random.Between(-MostTurn, MostTurn)) *
            Matrix4x4.CreateRotationY(random.Between(-MostTurn, MostTurn)) * Matrix4x4.CreateRotationX(random.Between(-MostTurn, MostTurn));
        var centre = At(frame, Landmarks.Knuckle(1));
        for (var i = 0; i < Landmarks.Count; i++)
            (centre + Vector3.Transform(At(frame, i) - centre, turn)).CopyTo(frame.Slice(Landmarks.Dimensions * i, Landmarks.Dimensions));
    }

    private static void Blur(Span<float> frame, Random random)
    {
        var size = 0f;
        for (var i = 1; i < Landmarks.Count; i++)
        {
            var arm = At(frame, i) - At(frame, Landmarks.Wrist);
            size = Math.Max(size, (arm.X * arm.X) + (arm.Y * arm.Y));
        }
        size = MathF.Sqrt(size);
        var depth = random.Happens(Flat) ? 0 : MathF.Exp(random.Between(-MostDepth, MostDepth));
        for (var i = 0; i < frame.Length; i += Landmarks.Dimensions)
        {
            frame[i] += size * (float)(Jitter * random.NextGaussian());
            frame[i + 1] += size * (float)(Jitter * random.NextGaussian());
            frame[i + 2] = depth == 0 ? 0 : (frame[i + 2] * depth) + (size * (float)(DepthJitter * random.NextGaussian()));
        }
    }

    /// <summary>Some programs keep x and y as fractions of the hand's box, and leave z as it was.</summary>
    private static void Stretch(Span<float> frame, Random random)
    {
        var (low, high) = (new Vector3(float.MaxValue), new Vector3(float.MinValue));
        for (var i = 0; i < Landmarks.Count; i++) (low, high) = (Vector3.Min(low, At(frame, i)), Vector3.Max(high, At(frame, i)));
        var sides = Vector3.Max(high - low, new(1e-6f));
        var depth = (0.5f / sides.X) + (0.5f / sides.Y);
        depth *= MathF.Exp(random.Between(-MostDepth, MostDepth));
        for (var i = 0; i < Landmarks.Count; i++)
        {
            var point = At(frame, i);
            new Vector3((point.X - low.X) / sides.X, (point.Y - low.Y) / sides.Y, point.Z * depth).CopyTo(
                frame[(Landmarks.Dimensions * i)..]);
        }
    }

    private static Vector3 At(ReadOnlySpan<float> frame, int landmark) =>
        new(frame.Slice(Landmarks.Dimensions * landmark, Landmarks.Dimensions));
}
