using System.Numerics;
using App.Signs.Fingerspelling;

namespace App.Training.Hands;

/// <summary>Forward kinematics of the fingers, and the thumb that reaches for a point.</summary>
internal static class HandSkeleton
{
    private const float MostThumbBend = 65;

    // The thumb bows away from the palm.
    private static readonly Vector3 Outwards = new(0.8f, 0.2f, 0.4f);

    /// <summary>Places a finger's four landmarks.</summary>
    /// <param name="build">The hand.</param>
    /// <param name="finger">0 is the forefinger.</param>
    /// <param name="bend">Its angles.</param>
    /// <param name="joints">Receives them.</param>
    public static void PlaceFinger(HandBuild build, int finger, Finger bend, Span<Vector3> joints)
    {
        var at = build.Knuckles[finger];
        var first = Landmarks.Knuckle(finger);
        joints[first] = at;
        var (spreadSin, spreadCos) = MathF.SinCos(float.DegreesToRadians(bend.Spread));
        var flexion = 0f;
        ReadOnlySpan<float> angles = [bend.Knuckle, bend.Middle, bend.End];
        for (var bone = 0; bone < angles.Length; bone++)
        {
            flexion += angles[bone];
            var (sin, cos) = MathF.SinCos(float.DegreesToRadians(flexion));
            at += build.Bones[finger][bone] * new Vector3(cos * spreadSin, cos * spreadCos, sin);
            joints[first + bone + 1] = at;
        }
    }

    /// <summary>Places the thumb's four landmarks so that its tip is at a point, or as near to it as it reaches.</summary>
    public static void PlaceThumb(HandBuild build, Vector3 tip, Span<Vector3> joints)
    {
        var along = tip - build.ThumbBase;
        var distance = along.Length();
        along /= Math.Max(distance, 1e-6f);
        var away = Vector3.Normalize(Outwards - (Vector3.Dot(Outwards, along) * along));
        var bones = build.Thumb;

        // The chain bends by the same angle at both joints: the more, the nearer the tip.
        var (low, high) = (0f, MostThumbBend);
        for (var halving = 0; halving < 12; halving++)
        {
            var bend = (low + high) / 2;
            if (Reach(bones, bend).Length() > distance) low = bend;
            else high = bend;
        }
        var reach = Reach(bones, low);
        var turn = -MathF.Atan2(reach.Y, reach.X);
        var at = build.ThumbBase;
        joints[Landmarks.Thumb] = at;
        for (var bone = 0; bone < bones.Count; bone++)
        {
            var (sin, cos) = MathF.SinCos(turn + Angle(bone, low));
            at += bones[bone] * ((cos * along) + (sin * away));
            joints[Landmarks.Thumb + bone + 1] = at;
        }
    }

    /// <summary>End of the chain in its plane.</summary>
    private static Vector2 Reach(IReadOnlyList<float> bones, float bend)
    {
        var end = Vector2.Zero;
        for (var bone = 0; bone < bones.Count; bone++)
        {
            var (sin, cos) = MathF.SinCos(Angle(bone, bend));
            end += bones[bone] * new Vector2(cos, sin);
        }
        return end;
    }

    private static float Angle(int bone, float bend) => float.DegreesToRadians(bend * (1 - bone));
}
