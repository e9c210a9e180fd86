namespace App.Signs.Fingerspelling;

/// <summary>
/// The 21 landmarks of MediaPipe Hands in one frame: x and y as fractions of the image (y down), z towards the scene in about
/// the unit of x, relative to the wrist. They lie in memory as x0, y0, z0, x1, …
/// </summary>
internal static class Landmarks
{
    /// <summary>Landmarks of a hand.</summary>
    public const int Count = 21;

    /// <summary>Coordinates of a landmark.</summary>
    public const int Dimensions = 3;

    /// <summary>Floats of a frame.</summary>
    public const int Size = Count * Dimensions;

    /// <summary>Index of the wrist.</summary>
    public const int Wrist = 0;

    /// <summary>Index of the thumb's base; its next joints and its tip follow.</summary>
    public const int Thumb = 1;

    /// <summary>Index of the forefinger's knuckle; its next joints and its tip follow, then the other fingers, each as the first.</summary>
    public const int Fingers = 5;

    /// <summary>Landmarks of a finger, from its knuckle to its tip.</summary>
    public const int PerFinger = 4;

    /// <summary>Index of a finger's knuckle.</summary>
    /// <param name="finger">0 is the forefinger, 3 the little finger.</param>
    public static int Knuckle(int finger) => Fingers + (PerFinger * finger);

    /// <summary>Index of a finger's tip.</summary>
    /// <param name="finger">0 is the forefinger, 3 the little finger.</param>
    public static int Tip(int finger) => Knuckle(finger) + PerFinger - 1;

    /// <summary>Index of the thumb's tip.</summary>
    public const int ThumbTip = 4;
}
