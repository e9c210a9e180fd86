using System.Numerics;
using App.Signs.Fingerspelling;

namespace App.Training.Hands;

/// <summary>
/// How one person's frames are taken: where the camera stands, the shape of its picture, and how landmarks are found in it.
/// </summary>
internal sealed class HandCamera
{
    private readonly float yaw;
    private readonly float pitch;
    private readonly float roll;
    private readonly float distance;
    private readonly float depth;
    private readonly float noise;

    /// <summary>Draws a camera.</summary>
    public HandCamera(Random random)
    {
        yaw = (float)(14 * random.NextGaussian());
        // Most cameras stand a little below or above the hand, and a forearm that is not upright leans to the signer's middle.
        pitch = (float)(5 + (12 * random.NextGaussian()));
        roll = (float)(-8 + (11 * random.NextGaussian()));
        distance = random.Between(3.5, 11);
        depth = random.Between(0.4, 1.1);
        noise = random.Between(0.004, 0.02);
    }

    /// <summary>Turns the hand, looks at it and writes what MediaPipe Hands would say of it, as far as the scale.</summary>
    /// <param name="joints">In the hand's own frame.</param>
    /// <param name="view">How the hand is held.</param>
    /// <param name="random">Source of chance.</param>
    /// <param name="landmarks">Receives them.</param>
    public void Take(ReadOnlySpan<Vector3> joints, View view, Random random, Span<float> landmarks)
    {
        var turn = Matrix4x4.CreateRotationY(Degrees(view.Yaw + yaw, 7)) *
            Matrix4x4.CreateRotationX(Degrees(view.Pitch + pitch, 6)) *
            Matrix4x4.CreateRotationZ(Degrees(view.Roll + roll, 6));
        for (var i = 0; i < Landmarks.Count; i++)
        {
            var joint = Vector3.Transform(joints[i], turn);
            var nearer = distance / (distance - joint.Z);
            landmarks[Landmarks.Dimensions * i] = (joint.X * nearer) + Noise(1);
            landmarks[(Landmarks.Dimensions * i) + 1] = -(joint.Y * nearer) + Noise(1);
            landmarks[(Landmarks.Dimensions * i) + 2] = i == Landmarks.Wrist ? 0 : (-joint.Z * depth) + Noise(2);
        }

        float Degrees(float mean, double deviation) => float.DegreesToRadians((float)(mean + (deviation * random.NextGaussian())));
        float Noise(float factor) => (float)(factor * noise * random.NextGaussian());
    }
}
