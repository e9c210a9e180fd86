namespace App.Platform.Commands;

/// <summary>How a command ended, as <c>sysexits.h</c> numbers it; <c>docs/operations.md</c> lists them.</summary>
internal static class ExitCodes
{
    /// <summary>It did what it was asked to do.</summary>
    public const int Done = 0;

    /// <summary>It was called wrongly.</summary>
    public const int Usage = 64;

    /// <summary>A file that it was given cannot be read as what it should be.</summary>
    public const int Data = 65;

    /// <summary>Something outside is not there.</summary>
    public const int Unavailable = 69;

    /// <summary>A background service has failed for good.</summary>
    public const int Software = 70;

    /// <summary>Variables are at fault.</summary>
    public const int Configuration = 78;

    /// <summary>It was interrupted.</summary>
    public const int Interrupted = 130;
}
