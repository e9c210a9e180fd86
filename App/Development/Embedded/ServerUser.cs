using System.Diagnostics;
using System.Globalization;

namespace App.Development.Embedded;

/// <summary>
/// The operating-system user that the server runs as: ourselves, or, because initdb and postgres refuse root, an
/// unprivileged one to whom <c>setpriv</c> changes.
/// </summary>
internal sealed class ServerUser
{
    private static readonly string[] Preferred = ["postgres", "nobody", "daemon"];

    private readonly string? setpriv;
    private readonly uint userId;
    private readonly uint groupId;

    private ServerUser(string name, string? setpriv, uint userId, uint groupId) =>
        (Name, this.setpriv, this.userId, this.groupId) = (name, setpriv, userId, groupId);

    /// <summary>For messages.</summary>
    public string Name { get; }

    /// <summary>Whether commands run as somebody else than this process.</summary>
    public bool IsOther => setpriv is not null;

    /// <summary>
    /// Ourselves, unless we are root: then the owner of the cluster if there is one (it may have been made by a start
    /// without root, and must stay usable for the next of those), else <c>postgres</c> or <c>nobody</c>.
    /// </summary>
    /// <exception cref="EmbeddedServerException">There is no such user, or no way to change to it.</exception>
    public static async Task<ServerUser> ChooseAsync(string clusterDirectory, CancellationToken cancellationToken)
    {
        if (OperatingSystem.IsWindows() || !Environment.IsPrivilegedProcess) return new(Environment.UserName, null, 0, 0);

        var changer = Executable.OnPath("setpriv") ?? throw new EmbeddedServerException(
            "PostgreSQL refuses to run as root and 'setpriv' (util-linux) is not on PATH: run as another user, install util-linux, or "
            + "set DATABASE_URL.");
        if (Directory.Exists(clusterDirectory))
        {
            var owner = await Executable.RunAsync(new("stat", ["-c", "%u %g", clusterDirectory]), cancellationToken);
            if (owner.ExitCode == 0 && owner.Output.Split(' ') is [var uid, var gid] && uid != "0")
                return new($"#{uid}", changer, Number(uid), Number(gid));
        }
        var users = File.ReadLines("/etc/passwd")
            .Select(line => line.Split(':')).Where(parts => parts.Length > 3 && parts[2] != "0").ToLookup(parts => parts[0]);
        return Preferred.SelectMany(name => users[name]).FirstOrDefault() is { } user
            ? new(user[0], changer, Number(user[2]), Number(user[3]))
            : throw new EmbeddedServerException(
                $"PostgreSQL refuses to run as root and /etc/passwd has none of {string.Join(", ", Preferred)}: run as another user, or "
                + "set DATABASE_URL.");
    }

    /// <summary>A command that runs as this user, in a folder that the user can reach, without PG* variables of ours.</summary>
    public ProcessStartInfo Command(string workingDirectory, string program, params IEnumerable<string> arguments)
    {
        string[] command = setpriv is null
            ? [program, .. arguments]
            : [setpriv, $"--reuid={userId}", $"--regid={groupId}", "--clear-groups", "--", program, .. arguments];
        var start = new ProcessStartInfo(command[0], command[1..]) { WorkingDirectory = workingDirectory };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("PG", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        // Messages in English: some are read by us.
        start.Environment["LC_ALL"] = "C";
        return start;
    }

    /// <summary>Makes a folder that only this user may enter, or takes over the one that is there.</summary>
    public void MakePrivate(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
            return;
        }
        const UnixFileMode ownerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Directory.CreateDirectory(folder, ownerOnly);
        File.SetUnixFileMode(folder, ownerOnly);
        Own(folder);
    }

    /// <summary>Gives a file or folder to this user.</summary>
    public void Own(string path)
    {
        if (IsOther) Posix.Own(path, userId, groupId);
    }

    /// <summary>Whether this user can enter a folder: every parent must let it pass.</summary>
    public async Task<bool> CanEnterAsync(string folder, CancellationToken cancellationToken) =>
        !IsOther || (await Executable.RunAsync(Command("/", "sh", "-c", "cd \"$1\"", "sh", folder), cancellationToken)).ExitCode == 0;

    private static uint Number(string text) => uint.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}
