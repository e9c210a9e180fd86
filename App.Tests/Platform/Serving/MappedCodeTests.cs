using System.Globalization;
using System.Runtime.InteropServices;
using App.Platform.Serving;
using App.Tests.Fixtures;
using App.Tests.Scenarios;

namespace App.Tests.Platform.Serving;

/// <summary>Code that nobody calls weighs nothing; whoever calls it again finds it.</summary>
[Collection(ScenarioCollection.Name)]
public sealed class MappedCodeTests
{
    private const string Library = "libonnxruntime.so";

    [LinuxFact]
    public void What_was_called_once_is_off_the_account_and_still_runs()
    {
        using var model = TestModels.Shipped();
        var input = Enumerable.Range(0, model.Spec.Input.RowSize).Select(i => 100f + (i % 7 * 300)).ToArray();
        var first = new float[model.Spec.Labels.Count];
        model.Run(input, first, 1);
        var (start, length, _) = CodeInMemory();
        for (var offset = 0L; offset < length; offset += Environment.SystemPageSize) Marshal.ReadByte((nint)(start + offset));
        Assert.Equal(length, CodeInMemory().Resident);

        MappedCode.LetGo();

        Assert.InRange(CodeInMemory().Resident, 0, length / 4);
        var again = new float[first.Length];
        model.Run(input, again, 1);
        Assert.Equal(first, again);
        Assert.InRange(CodeInMemory().Resident, 1, length);
    }

    // Where the library's code is mapped, how long it is, and how many bytes of it are in memory.
    private static (long Start, long Length, long Resident) CodeInMemory()
    {
        var lines = File.ReadLines("/proc/self/smaps").SkipWhile(line => !line.Contains("r-xp", StringComparison.Ordinal) || !line.EndsWith(Library, StringComparison.Ordinal)).Take(10).ToList();
        var bounds = lines[0].Split(' ')[0].Split('-').Select(address => long.Parse(address, NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToArray();
        var resident = lines.First(line => line.StartsWith("Rss:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        return (bounds[0], bounds[1] - bounds[0], 1024 * long.Parse(resident, CultureInfo.InvariantCulture));
    }
}

/// <summary>A fact of Linux: elsewhere nobody tells what a process has mapped, and nothing is let go.</summary>
internal sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute()
    {
        if (!OperatingSystem.IsLinux()) Skip = "Only Linux tells what a process has mapped.";
    }
}
