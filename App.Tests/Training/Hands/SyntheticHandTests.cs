using System.Numerics;
using App.Signs.Fingerspelling;
using App.Training.Hands;

namespace App.Tests.Training.Hands;

public sealed class SyntheticHandTests
{
    [Fact]
    public void The_same_seed_is_the_same_person_and_another_seed_another()
    {
        Assert.Equal(SyntheticHands.Create(104, 7).Landmarks, SyntheticHands.Create(104, 7).Landmarks);
        Assert.NotEqual(SyntheticHands.Create(104, 7).Landmarks, SyntheticHands.Create(104, 8).Landmarks);
    }

    [Fact]
    public void Every_letter_is_formed_as_often_as_any_other_and_every_coordinate_is_a_number()
    {
        var frames = SyntheticHands.Create(5200, 1);
        Assert.All(Enumerable.Range(0, Alphabet.Count),
            letter => Assert.Equal(frames.Count / Alphabet.Count, frames.Letters.Count(letter)));
        Assert.All(frames.Landmarks, coordinate => Assert.InRange(coordinate, -8f, 8f));
    }

    [Fact]
    public void Fingers_keep_their_bones_whatever_they_do()
    {
        var build = new HandBuild(new Random(3));
        Span<Vector3> joints = stackalloc Vector3[Landmarks.Count];
        foreach (var bend in (Finger[])[new(0, 0, 0), new(75, 103, 50, -20), new(20, 80, 40, 12)])
        {
            HandSkeleton.PlaceFinger(build, 2, bend, joints);
            for (var bone = 0; bone < 3; bone++)
                Assert.Equal(build.Bones[2][bone],
                    Vector3.Distance(joints[Landmarks.Knuckle(2) + bone], joints[Landmarks.Knuckle(2) + bone + 1]), 1e-4);
        }
    }

    [Fact]
    public void The_thumb_reaches_its_goal_and_what_is_too_far_it_points_at()
    {
        var build = new HandBuild(new Random(5));
        Span<Vector3> joints = stackalloc Vector3[Landmarks.Count];
        var near = build.ThumbBase + new Vector3(-0.3f, 0.6f, 0.4f);
        HandSkeleton.PlaceThumb(build, near, joints);
        Assert.InRange(Vector3.Distance(near, joints[Landmarks.ThumbTip]), 0, 0.01f);

        var far = build.ThumbBase + new Vector3(3, 1, 0);
        HandSkeleton.PlaceThumb(build, far, joints);
        Assert.Equal(build.Thumb.Sum(), Vector3.Distance(build.ThumbBase, joints[Landmarks.ThumbTip]), 0.01);
        Assert.InRange(
            Vector3.Dot(Vector3.Normalize(far - build.ThumbBase), Vector3.Normalize(joints[Landmarks.ThumbTip] - build.ThumbBase)),
            0.999f, 1.001f);
    }

    [Fact]
    public void An_open_hand_shows_its_fingers_up_and_a_fist_does_not()
    {
        var frames = SyntheticHands.Create(2600, 4);
        float Height(char letter) => Enumerable.Range(0, frames.Count).Where(i => frames.Letters[i] == letter - 'A').Average(i =>
        {
            var frame = frames.Frame(i);
            return (frame[1] - frame[(3 * Landmarks.Tip(1)) + 1]) / (frame[1] - frame[(3 * Landmarks.Knuckle(1)) + 1]);
        });
        Assert.InRange(Height('B'), 1.6f, 2.4f);
        Assert.InRange(Height('S'), 0.3f, 1.2f);
    }

    [Fact]
    public void A_forearm_leans_to_the_side_of_the_thumb()
    {
        var frames = SyntheticHands.Create(2600, 5);
        var lean = Of(frames, 'B').Average(frame => frames.Frame(frame)[3 * Landmarks.Knuckle(1)] - frames.Frame(frame)[0]);
        var thumb = Of(frames, 'B')
            .Average(frame => frames.Frame(frame)[3 * Landmarks.Knuckle(0)] - frames.Frame(frame)[3 * Landmarks.Knuckle(3)]);
        Assert.InRange(thumb, 0.3f, 1.2f);
        Assert.InRange(lean, 0.08f, 0.35f);
    }

    [Theory]
    [InlineData('M', 0.1, 0.4)]
    [InlineData('N', 0.1, 0.4)]
    [InlineData('S', 0, 0.02)]
    public void Some_people_let_the_fingers_of_M_and_N_hang(char letter, double least, double most)
    {
        var frames = SyntheticHands.Create(10_400, 6);
        // Below the wrist, and below is larger.
        var hanging = Of(frames, letter)
            .Average(frame => frames.Frame(frame)[(3 * Landmarks.Tip(0)) + 1] > frames.Frame(frame)[1] ? 1.0 : 0);
        Assert.InRange(hanging, least, most);
    }

    [Fact]
    public void The_thumb_of_T_N_and_M_lies_one_finger_further_each()
    {
        var frames = SyntheticHands.Create(5200, 7);
        float Thumb(char letter) => Of(frames, letter).Average(frame => Along(frames.Frame(frame)));
        Assert.True(Thumb('T') > Thumb('N') + 0.1f, $"T {Thumb('T')}, N {Thumb('N')}");
        Assert.True(Thumb('N') > Thumb('M') + 0.1f, $"N {Thumb('N')}, M {Thumb('M')}");

        // Place of the thumb's tip on the line from the little finger's knuckle (0) to the forefinger's (1).
        static float Along(ReadOnlySpan<float> frame)
        {
            var (first, last, tip) = (At(frame, Landmarks.Knuckle(0)), At(frame, Landmarks.Knuckle(3)), At(frame, Landmarks.ThumbTip));
            return Vector2.Dot(tip - last, first - last) / (first - last).LengthSquared();
        }

        static Vector2 At(ReadOnlySpan<float> frame, int landmark) => new(frame.Slice(3 * landmark, 2));
    }

    private static IEnumerable<int> Of(LabelledFrames frames, char letter) =>
        Enumerable.Range(0, frames.Count).Where(i => frames.Letters[i] == Alphabet.IndexOf([letter]));
}
