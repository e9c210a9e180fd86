using App.Signs.Fingerspelling;
using App.Training.Hands;

namespace App.WebConsole;

/// <summary>
/// A made-up hand that spells a text, frame by frame, for a page without a camera. Of many made-up people the most usual
/// showing of each letter is taken, and the hand goes from one to the next in a straight line.
/// </summary>
internal static class ReplayHand
{
    /// <summary>Frames a second.</summary>
    public const int Fps = 30;

    /// <summary>The text that is spelled; letters that are movements cannot be.</summary>
    public const string Text = "FLY LAB";

    private const int People = 48;
    private const int Held = 28;
    private const int Moving = 7;
    private const int Away = 60;
    private const float Size = 0.24f;
    private const float CentreX = 0.5f;
    private const float WristY = 0.85f;

    /// <summary>The frames; null where no hand is in view.</summary>
    public static IReadOnlyList<float[][]?> Frames(string text)
    {
        var frames = new List<float[][]?>();
        float[]? before = null;
        foreach (var letter in text)
        {
            if (letter == ' ')
            {
                frames.AddRange(Enumerable.Repeat<float[][]?>(null, Away));
                before = null;
                continue;
            }
            var shape = Typical(letter - 'A');
            for (var i = 1; before is not null && i < Moving; i++) frames.Add(Points(Between(before, shape, (float)i / Moving)));
            for (var i = 0; i < Held; i++) frames.Add(Points(shape, MathF.Sin(i * 0.45f) * 0.006f));
            before = shape;
        }
        frames.AddRange(Enumerable.Repeat<float[][]?>(null, Away));
        return frames;
    }

    // The showing that differs least from all others.
    private static float[] Typical(int letter)
    {
        var showings = Enumerable.Range(1, People).Select(person =>
        {
            var hand = new float[Landmarks.Size];
            new SyntheticSigner(person, strangeness: 0.5).Show(letter, hand);
            return hand;
        }).ToList();
        return showings.MinBy(one => showings.Sum(other => Distance(one, other)))!;
    }

    private static float Distance(float[] a, float[] b)
    {
        float sum = 0;
        for (var i = 0; i < a.Length; i++) sum += MathF.Abs(a[i] - b[i]);
        return sum;
    }

    private static float[] Between(float[] from, float[] to, float part) => [.. from.Zip(to, (a, b) => a + ((b - a) * part))];

    private static float[][] Points(float[] hand, float sway = 0) =>
    [
        .. hand.Chunk(Landmarks.Dimensions).Select(point => new[]
        {
            MathF.Round(CentreX + sway + (Size * point[0]), 4), MathF.Round(WristY - sway + (Size * point[1] * 4 / 3), 4),
            MathF.Round(Size * point[2], 4),
        }),
    ];
}
