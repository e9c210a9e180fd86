using System.Globalization;

namespace Bench;

/// <summary>CPU time and memory of processes, read from /proc.</summary>
internal static class ProcessUsage
{
    private const double TicksPerSecond = 100;

    /// <summary>CPU seconds of a process and of the children that it has reaped.</summary>
    public static double Cpu(int pid) => Stat(pid) is { } stat ? stat.Cpu : 0;

    /// <summary>CPU seconds of a process, its live children and those it has reaped: PostgreSQL's postmaster.</summary>
    public static double CpuOfTree(int pid)
    {
        var total = Stat(pid) is { } root ? root.Cpu + root.Reaped : 0;
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
            if (int.TryParse(Path.GetFileName(directory), out var child) && Stat(child) is { } stat && stat.Parent == pid) total += stat.Cpu;
        return total;
    }

    /// <summary>Resident memory now and at its highest, in MB.</summary>
    public static (double Now, double Peak) Memory(int pid)
    {
        double Read(string key) => File.ReadLines($"/proc/{pid}/status").Where(line => line.StartsWith(key, StringComparison.Ordinal))
            .Select(line => double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) / 1024).First();
        return (Read("VmRSS:"), Read("VmHWM:"));
    }

    private static (int Parent, double Cpu, double Reaped)? Stat(int pid)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{pid}/stat");
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            double Field(int at) => double.Parse(fields[at], CultureInfo.InvariantCulture) / TicksPerSecond;
            return (int.Parse(fields[1], CultureInfo.InvariantCulture), Field(11) + Field(12), Field(13) + Field(14));
        }
        catch (IOException)
        {
            return null;
        }
    }
}
