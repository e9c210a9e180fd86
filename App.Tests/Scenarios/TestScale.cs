namespace App.Tests.Scenarios;

/// <summary>How large the faults are: small enough for every build, or in full with <c>TEST_SCALE=full</c>.</summary>
internal static class TestScale
{
    private static readonly bool Full = Environment.GetEnvironmentVariable("TEST_SCALE") == "full";

    /// <summary>A number at this scale.</summary>
    public static int Of(int small, int full) => Full ? full : small;
}
