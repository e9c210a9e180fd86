using System.Globalization;
using App.Platform.Serving;
using App.Tests.Scenarios;

namespace App.Tests.Platform.Serving;

/// <summary>Code that nobody calls weighs nothing; whoever calls it again finds it.</summary>
[Collection(ScenarioCollection.Name)]
public sealed class MappedCodeTests
{
    [LinuxFact]
    public void What_was_mapped_to_start_is_off_the_account_and_still_runs()
    {
        var before = MappedKilobytes();

        MappedCode.LetGo();

        Assert.InRange(MappedKilobytes(), 0, before / 2);
        Assert.NotEmpty(typeof(MappedCode).Assembly.GetTypes());
        Settling.LetGo();
    }

    private static int MappedKilobytes() => int.Parse(
        File.ReadLines("/proc/self/status").Single(line => line.StartsWith("RssFile:", StringComparison.Ordinal)).Split((char[])[':', ' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture);
}

/// <summary>A fact of Linux: elsewhere nobody tells what a process has mapped, and nothing is let go.</summary>
internal sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute()
    {
        if (!OperatingSystem.IsLinux()) Skip = "Only Linux tells what a process has mapped.";
    }
}
