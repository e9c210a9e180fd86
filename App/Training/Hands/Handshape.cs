using System.Numerics;

namespace App.Training.Hands;

/// <summary>How a finger is bent, in degrees.</summary>
/// <param name="Knuckle">Flexion of the knuckle (metacarpophalangeal joint).</param>
/// <param name="Middle">Flexion of the middle joint (proximal interphalangeal).</param>
/// <param name="End">Flexion of the end joint (distal interphalangeal).</param>
/// <param name="Spread">Turn of the finger at its knuckle, towards the thumb where positive.</param>
internal readonly record struct Finger(float Knuckle, float Middle, float End, float Spread = 0)
{
    /// <summary>Whether it lies in the fist, where joints are less sure than in a straight finger.</summary>
    public bool IsCurled => Knuckle + Middle > 100;
}

/// <summary>
/// Where the tip of the thumb is: a point between two landmarks, and off it. In the hand's own frame x goes to the thumb's
/// side, y along the fingers and z out of the palm; the unit is the length from the wrist to the knuckle of the middle finger.
/// </summary>
/// <param name="From">Index of a landmark.</param>
/// <param name="To">Index of another.</param>
/// <param name="Part">Part of the way between them.</param>
/// <param name="Off">From there on.</param>
internal readonly record struct ThumbGoal(int From, int To, float Part, Vector3 Off);

/// <summary>How a hand is turned to the camera, in degrees; none: palm to the camera, fingers up.</summary>
/// <param name="Yaw">About the upright axis: 90 shows the thumb's side with the palm to the right, 180 the back.</param>
/// <param name="Pitch">About the axis to the right: 90 points the fingers at the camera.</param>
/// <param name="Roll">About the line of sight, against the clock.</param>
/// <param name="Weight">How often it is held so, relative to the handshape's other views.</param>
internal readonly record struct View(float Yaw, float Pitch, float Roll, float Weight = 1);

/// <summary>One way to form a letter.</summary>
/// <param name="Letter">The letter.</param>
/// <param name="Fingers">Forefinger to little finger.</param>
/// <param name="Thumb">Where the thumb's tip is.</param>
/// <param name="Views">How the hand is held.</param>
/// <param name="Weight">How often, relative to the letter's other ways.</param>
internal sealed record Handshape(char Letter, IReadOnlyList<Finger> Fingers, ThumbGoal Thumb, IReadOnlyList<View> Views, float Weight = 1);
