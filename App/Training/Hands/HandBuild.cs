using System.Numerics;

namespace App.Training.Hands;

/// <summary>The proportions of one person's hand; the unit is the length from the wrist to the knuckle of the middle finger.</summary>
internal sealed class HandBuild
{
    private static readonly Vector3[] MeanKnuckles = [new(0.33f, 1.00f, -0.03f), new(0.06f, 1.00f, 0), new(-0.19f, 0.93f, 0.07f),
        new(-0.43f, 0.78f, 0.15f)];
    private static readonly float[][] MeanBones = [[0.48f, 0.29f, 0.24f], [0.53f, 0.33f, 0.26f], [0.49f, 0.31f, 0.26f],
        [0.39f, 0.23f, 0.23f]];
    private static readonly float[] MeanThumb = [0.45f, 0.37f, 0.30f];

    /// <summary>Draws a person.</summary>
    public HandBuild(Random random)
    {
        var (width, length) = (Around(random, 1, 0.09), Around(random, 1, 0.07));
        Knuckles = [.. MeanKnuckles.Select(mean => new Vector3(
            (mean.X * width) + Around(random, 0, 0.015), mean.Y + Around(random, 0, 0.02),
            (mean.Z * Around(random, 1, 0.4)) + Around(random, 0, 0.02)))];
        Bones = [.. MeanBones.Select(bones =>
        {
            var finger = length * Around(random, 1, 0.04);
            return bones.Select(bone => bone * finger * Around(random, 1, 0.03)).ToArray();
        })];
        ThumbBase = new((0.27f * width) + Around(random, 0, 0.03), 0.27f + Around(random, 0, 0.04), 0.08f + Around(random, 0, 0.04));
        var thumb = length * Around(random, 1, 0.06);
        Thumb = [.. MeanThumb.Select(bone => bone * thumb * Around(random, 1, 0.04))];
    }

    /// <summary>Knuckles of the four fingers, from the wrist.</summary>
    public IReadOnlyList<Vector3> Knuckles { get; }

    /// <summary>Bones of the four fingers, from the knuckle on.</summary>
    public IReadOnlyList<float[]> Bones { get; }

    /// <summary>Base of the thumb, from the wrist.</summary>
    public Vector3 ThumbBase { get; }

    /// <summary>Bones of the thumb.</summary>
    public IReadOnlyList<float> Thumb { get; }

    private static float Around(Random random, double mean, double deviation) => (float)(mean + (deviation * random.NextGaussian()));
}
