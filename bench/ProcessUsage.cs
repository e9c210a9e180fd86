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
            if (int.TryParse(Path.GetFileName(directory), out var child) && Stat(child) is { } stat && stat.Parent == pid)
                total += stat.Cpu;
        return total;
    }

    /// <summary>Resident memory now and at its highest, in MB.</summary>
    public static (double Now, double Peak) Memory(int pid)
    {
        double Read(string key) => File.ReadLines($"/proc/{pid}/status").Where(line => line.StartsWith(key, StringComparison.Ordinal))
            .Select(line =>
                double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) / 1024).First();
        return (Read("VmRSS:"), Read("VmHWM:"));
    }

    /// <summary>
    /// What processes hold in memory together, in MB: their own pages, and of each mapped file what is resident once, however
    /// many of them map it (a lower bound: the largest of them).
    /// </summary>
    public static double Together(IEnumerable<int> pids)
    {
        double own = 0;
        var files = new Dictionary<string, double>();
        foreach (var pid in pids)
        {
            var (mine, mapped) = Resident(pid);
            own += mine;
            foreach (var (file, size) in mapped) files[file] = Math.Max(size, files.GetValueOrDefault(file));
        }
        return own + files.Values.Sum();
    }

    /// <summary>Live children of a process.</summary>
    public static IEnumerable<int> ChildrenOf(int pid) =>
        from directory in Directory.EnumerateDirectories("/proc")
        where int.TryParse(Path.GetFileName(directory), out var child) && Stat(child)?.Parent == pid
        select int.Parse(Path.GetFileName(directory), CultureInfo.InvariantCulture);

    // Own pages are those that were written to, private files' too, and those of no file.
    private static (double Own, Dictionary<string, double> Mapped) Resident(int pid)
    {
        double own = 0;
        var mapped = new Dictionary<string, double>();
        var file = "";
        double resident = 0;
        try
        {
            foreach (var line in File.ReadLines($"/proc/{pid}/smaps"))
            {
                var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (!words[0].EndsWith(':'))
                    file = words.Length > 5 && words[5].StartsWith('/') && !words[5].StartsWith("/memfd:", StringComparison.Ordinal)
                        ? words[5] : "";
                else if (words[0] == "Rss:")
                    resident = Megabytes(words[1]);
                else if (words[0] == "Anonymous:")
                {
                    var anonymous = file == "" ? resident : Megabytes(words[1]);
                    own += anonymous;
                    if (file != "") mapped[file] = mapped.GetValueOrDefault(file) + resident - anonymous;
                }
            }
        }
        catch (IOException)
        {
            // It has ended.
        }
        return (own, mapped);
    }

    private static double Megabytes(string kilobytes) => double.Parse(kilobytes, CultureInfo.InvariantCulture) / 1024;

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
