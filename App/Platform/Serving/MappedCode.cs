using System.Globalization;
using System.Runtime.InteropServices;

namespace App.Platform.Serving;

/// <summary>
/// The code of the runtime and of the libraries, which the system maps from their files. Most pages are touched by the start
/// alone, yet stay on the process's account until the machine runs short. A page that is let go is mapped again, from the
/// system's cache, when it is next called.
/// </summary>
internal static partial class MappedCode
{
    private const string Mappings = "/proc/self/smaps";
    private const string Library = ".dll";

    // MADV_DONTNEED of Linux.
    private const int DontNeed = 4;

    /// <summary>Takes the pages off the process's account, where the system is Linux and tells what it has mapped.</summary>
    public static void LetGo()
    {
        (nuint Start, nuint Length)? code = null;
        // A line that begins with the address of a mapping, then one for each thing that is known of it.
        foreach (var line in Told())
        {
            if (line is [(>= '0' and <= '9') or (>= 'a' and <= 'f'), ..]) code = CodeOf(line);
            else if (code is { } found && line.StartsWith("Anonymous:", StringComparison.Ordinal) && line.EndsWith(" 0 kB", StringComparison.Ordinal))
                _ = Advise(found.Start, found.Length, DontNeed);
        }
    }

    private static string[] Told()
    {
        try
        {
            return File.Exists(Mappings) ? File.ReadAllLines(Mappings) : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Kept from a process whose program was given rights by its file, such as that to listen on port 80.
            return [];
        }
    }

    /// <summary>
    /// The mapping of a line, if it is code, or a library that is read: these stay where they are as long as the process lives,
    /// so what is let go is what was found. A page that somebody has written into (as debuggers do) is anonymous, and would
    /// come back as it is in the file: a mapping with such pages is left alone.
    /// </summary>
    private static (nuint Start, nuint Length)? CodeOf(string line)
    {
        var parts = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (parts.Length < 6 || parts[5][0] != '/' || parts[5].EndsWith("(deleted)", StringComparison.Ordinal)) return null;
        if (parts[1] != "r-xp" && !(parts[1] == "r--s" && parts[5].EndsWith(Library, StringComparison.OrdinalIgnoreCase))) return null;
        var dash = parts[0].IndexOf('-', StringComparison.Ordinal);
        var start = nuint.Parse(parts[0].AsSpan(0, dash), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return (start, nuint.Parse(parts[0].AsSpan(dash + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture) - start);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nuint start, nuint length, int advice);
}
