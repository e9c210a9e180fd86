using System.Text.RegularExpressions;

namespace App.Runs.Plans;

/// <summary>How large a plan may be.</summary>
internal static partial class PlanLimits
{
    /// <summary>Bytes of a request.</summary>
    public const int BodyBytes = 8 << 20;

    /// <summary>Steps of a plan.</summary>
    public const int Steps = 1000;

    /// <summary>Entries of all <c>dependsOn</c> together.</summary>
    public const int Dependencies = 10_000;

    /// <summary>Bytes of a step's input as it was sent.</summary>
    public const int InputBytes = 256 << 10;

    /// <summary>Bytes of a step's input once its references are resolved.</summary>
    public const int ResolvedBytes = 4 << 20;

    /// <summary>Bytes of a step's output.</summary>
    public const int OutputBytes = 4 << 20;

    /// <summary>Levels of a step's output: answers nest it, and what reads them counts to 64.</summary>
    public const int OutputDepth = 48;

    /// <summary>Characters of a goal.</summary>
    public const int Goal = 10_000;

    /// <summary>Faults that an answer names.</summary>
    public const int Faults = 100;

    /// <summary>A priority is between minus this and this.</summary>
    public const int Priority = 1000;

    /// <summary>Whether a text can name a step: 1 to 128 of <c>A-Za-z0-9._:-</c>.</summary>
    public static bool IsName(string text) => Name().IsMatch(text);

    [GeneratedRegex(@"\A[A-Za-z0-9._:-]{1,128}\z")]
    private static partial Regex Name();
}
