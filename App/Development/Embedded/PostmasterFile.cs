using System.Globalization;

namespace App.Development.Embedded;

/// <summary>
/// <c>postmaster.pid</c>, in which a running server names itself: line 1 its pid, line 8 its state
/// (<c>src/include/utils/pidfile.h</c> of PostgreSQL).
/// </summary>
internal sealed class PostmasterFile(string clusterFolder)
{
    private readonly string path = Path.Combine(clusterFolder, "postmaster.pid");

    /// <summary>The pid and the state ("starting", "ready", "stopping"); null when there is no such file.</summary>
    public (int ProcessId, string State)? Read()
    {
        try
        {
            var lines = File.ReadAllLines(path);
            if (lines.Length > 0 && int.TryParse(lines[0], NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
                return (pid, lines.Length > 7 ? lines[7].Trim() : "starting");
        }
        catch (IOException)
        {
            // Gone between two looks.
        }
        return null;
    }

    /// <summary>
    /// Replaces a pid that now belongs to another program by our own. PostgreSQL takes a file that names its parent as
    /// stale, but still looks whether the shared memory named in it is in use; deleting the file would end that check,
    /// which keeps a new server away from the last children of a dead one.
    /// </summary>
    public void Disown()
    {
        var lines = File.ReadAllLines(path);
        lines[0] = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        File.WriteAllLines(path, lines);
    }
}
