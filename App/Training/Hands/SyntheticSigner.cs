using System.Numerics;
using App.Signs.Fingerspelling;

namespace App.Training.Hands;

/// <summary>
/// A person who does not exist: a hand of its own build, habits in forming each letter, and a camera. The same seed is the
/// same person; frames differ by what a hand does from moment to moment.
/// </summary>
internal sealed class SyntheticSigner
{
    private readonly HandBuild build;
    private readonly HandCamera camera;
    private readonly float tightness;
    private readonly float spread;
    private readonly Habit?[] habits = new Habit?[Alphabet.Count];
    private readonly Random random;

    private readonly double strangeness;

    /// <summary>Draws a person.</summary>
    /// <param name="seed">Who it is.</param>
    /// <param name="strangeness">Factor on how far habits stray from the handshapes.</param>
    public SyntheticSigner(int seed, double strangeness = 1)
    {
        this.strangeness = strangeness;
        random = new Random(seed);
        build = new HandBuild(random);
        camera = new HandCamera(random);
        tightness = (float)(1 + (0.12 * random.NextGaussian()));
        spread = (float)Math.Max(0.2, 1 + (0.35 * random.NextGaussian()));
    }

    /// <summary>Shows a letter for one frame.</summary>
    /// <param name="letter">Index of the letter.</param>
    /// <param name="landmarks">Receives the frame.</param>
    public void Show(int letter, Span<float> landmarks)
    {
        var habit = habits[letter] ??= new Habit(letter, strangeness, random);
        Span<Vector3> joints = stackalloc Vector3[Landmarks.Count];
        joints[Landmarks.Wrist] = Vector3.Zero;
        for (var finger = 0; finger < habit.Shape.Fingers.Count; finger++)
            HandSkeleton.PlaceFinger(build, finger, Bend(habit, finger), joints);
        joints[Landmarks.Thumb] = build.ThumbBase;
        var goal = habit.Shape.Thumb;
        HandSkeleton.PlaceThumb(build,
            Vector3.Lerp(joints[goal.From], joints[goal.To], goal.Part) + goal.Off + habit.ThumbOff + Drift(0.03), joints);
        camera.Take(joints, habit.View, random, landmarks);
    }

    /// <summary>A finger's angles: the handshape's, the person's, the moment's, within what joints do.</summary>
    private Finger Bend(Habit habit, int finger)
    {
        var (shape, own) = (habit.Shape.Fingers[finger], habit.Own[finger]);
        var (firm, loose) = shape.IsCurled ? (tightness, 5) : (1, 3);
        return new(
            Math.Clamp((shape.Knuckle * firm) + own.Knuckle + Wobble(loose), -20, 95),
            Math.Clamp((shape.Middle * firm) + own.Middle + Wobble(loose), -5, 115),
            Math.Clamp((shape.End * firm) + own.End + Wobble(loose), -10, 85),
            (shape.Spread * spread) + own.Spread + Wobble(1.5));
    }

    private float Wobble(double deviation) => (float)(deviation * random.NextGaussian());

    private Vector3 Drift(double deviation) => new(Wobble(deviation), Wobble(deviation), Wobble(deviation));

    /// <summary>How this person forms one letter.</summary>
    private sealed class Habit
    {
        public Habit(int letter, double strangeness, Random random)
        {
            Shape = Pick(Handshapes.Of(letter), shape => shape.Weight, random);
            var view = Pick(Shape.Views, candidate => candidate.Weight, random);
            View = new(view.Yaw + Draw(16), view.Pitch + Draw(9), view.Roll + Draw(10));
            var together = Draw(6);
            Own = [.. Shape.Fingers.Select(finger => finger.IsCurled
                ? new Finger(together + Draw(9), Draw(8), Draw(10), Draw(3))
                : new Finger(Draw(6), Draw(5), Draw(4), Draw(2.5)))];
            ThumbOff = new(Draw(0.07), Draw(0.07), Draw(0.06));

            float Draw(double deviation) => (float)(strangeness * deviation * random.NextGaussian());
        }

        public Handshape Shape { get; }

        public View View { get; }

        /// <summary>Off the handshape's angles.</summary>
        public IReadOnlyList<Finger> Own { get; }

        public Vector3 ThumbOff { get; }

        private static T Pick<T>(IReadOnlyList<T> from, Func<T, float> weight, Random random)
        {
            var drawn = random.NextSingle() * from.Sum(weight);
            foreach (var candidate in from)
            {
                drawn -= weight(candidate);
                if (drawn < 0) return candidate;
            }
            return from[^1];
        }
    }
}
