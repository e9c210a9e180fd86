namespace App.Signs.Fingerspelling.Live;

/// <summary>What a frame may hold, and how many are handled together.</summary>
internal static class FrameLimits
{
    /// <summary>The largest frame, as in the contract.</summary>
    public const int MostBytes = 64 * 1024;

    /// <summary>Bad frames in a row that end a connection.</summary>
    public const int MostBadInARow = 10;

    /// <summary>Frames of one connection that have arrived and go through the model together.</summary>
    public const int MostBatched = 16;

    /// <summary>The largest coordinate, far beyond any pixel; squares of it still fit a float32.</summary>
    public const float LargestCoordinate = 1_000_000;

    /// <summary>Whether a number is a coordinate.</summary>
    public static bool Takes(float value) => MathF.Abs(value) <= LargestCoordinate;
}
