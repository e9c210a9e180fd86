namespace App.Signs.Fingerspelling.Live;

/// <summary>Why a connection ended, as metrics name it.</summary>
internal static class LiveEnd
{
    /// <summary>The client closed it.</summary>
    public const string Closed = "closed";

    /// <summary>The client went away without a close, or answered no ping.</summary>
    public const string Lost = "lost";

    /// <summary>It broke the rules of WebSocket, or sent a text that is no UTF-8.</summary>
    public const string Protocol = "protocol";

    /// <summary>It sent a frame that is too large.</summary>
    public const string TooLarge = "too_large";

    /// <summary>It sent too many bad frames in a row.</summary>
    public const string BadFrames = "bad_frames";

    /// <summary>It did not read its answers.</summary>
    public const string SlowReader = "slow_reader";

    /// <summary>It sent nothing for long.</summary>
    public const string Idle = "idle";

    /// <summary>This process ends.</summary>
    public const string Draining = "draining";
}
