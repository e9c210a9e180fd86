namespace App.Tests.Development.Embedded;

/// <summary>A test of what only root meets; skipped for other users.</summary>
public sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute()
    {
        if (OperatingSystem.IsWindows() || !Environment.IsPrivilegedProcess) Skip = "This test is about running as root.";
    }
}
