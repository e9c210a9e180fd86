using System.Globalization;
using System.Security.Cryptography;

namespace App.Development.Embedded;

/// <summary>The files of one PostgreSQL cluster, in a folder beside its socket and its password.</summary>
internal sealed class Cluster(string home)
{
    /// <summary>The name of the cluster's folder in its home.</summary>
    public const string FolderName = "postgres";

    /// <summary>What PostgreSQL calls the data directory.</summary>
    public string Folder => Path.Combine(home, FolderName);

    /// <summary>The folder around it.</summary>
    public string Home => home;

    /// <summary>What the server says: starts, stops and fatal errors.</summary>
    public string LogFile => Path.Combine(Folder, "server.log");

    /// <summary>Holds the password of both roles, readable by the owner alone.</summary>
    public string PasswordFile => Path.Combine(home, "postgres.password");

    /// <summary>The major version that made it, null when there is no cluster yet.</summary>
    public int? Major
    {
        get
        {
            var file = Path.Combine(Folder, "PG_VERSION");
            return File.Exists(file) ? int.Parse(File.ReadAllText(file).Trim().Split('.')[0], CultureInfo.InvariantCulture) : null;
        }
    }

    /// <summary>The password; one is made up when there is none.</summary>
    /// <param name="user">Who must be able to read the file.</param>
    /// <param name="isNew">Whether it was made up now, so that roles of an existing cluster do not have it yet.</param>
    public string Password(ServerUser user, out bool isNew)
    {
        isNew = !File.Exists(PasswordFile) || new FileInfo(PasswordFile).Length == 0;
        if (!isNew) return File.ReadAllText(PasswordFile).Trim();

        var password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var writer = new StreamWriter(PasswordFile, options)) writer.Write(password);
        user.Own(PasswordFile);
        return password;
    }

    /// <summary>
    /// Makes the cluster in a folder of another name, which is renamed when it is whole: one that was interrupted is
    /// never taken for a cluster, and made again.
    /// </summary>
    /// <exception cref="EmbeddedServerException">initdb failed, or there is something else in the cluster's place.</exception>
    public async Task CreateAsync(ServerBinaries binaries, ServerUser user, bool durable, CancellationToken cancellationToken)
    {
        if (Directory.Exists(Folder))
        {
            if (Directory.EnumerateFileSystemEntries(Folder).Any())
                throw new EmbeddedServerException(
                    $"'{Folder}' is not empty and not a PostgreSQL cluster: move it away, or set DATABASE_URL.");
            Directory.Delete(Folder);
        }
        var partial = Folder + ".new";
        if (Directory.Exists(partial)) Directory.Delete(partial, recursive: true);
        user.MakePrivate(partial);

        List<string> arguments =
        [
            "-D", partial, "-U", EmbeddedServer.AdminRole, "-E", "UTF8", "--no-locale",
            "--auth-local=trust", "--auth-host=scram-sha-256", $"--pwfile={PasswordFile}", "--no-instructions",
        ];
        if (!durable) arguments.Add("--no-sync");
        var outcome = await Executable.RunAsync(user.Command(home, binaries.Program("initdb"), arguments), cancellationToken);
        if (outcome.ExitCode != 0)
            throw new EmbeddedServerException($"initdb could not make a database in '{partial}' as user {user.Name}: {outcome.Output}");
        Directory.Move(partial, Folder);
    }

    /// <summary>Writes the server's configuration, as it is renewed at every start.</summary>
    public void WriteSettings(string settings, ServerUser user)
    {
        var file = Path.Combine(Folder, "postgresql.conf");
        File.WriteAllText(file, settings);
        user.Own(file);
    }

    /// <summary>Sets the log of earlier starts aside when it has grown, so that two files of bounded size remain.</summary>
    public void RotateLog()
    {
        const long limit = 1 << 20;
        var log = new FileInfo(LogFile);
        if (log.Exists && log.Length > limit) log.MoveTo(LogFile + ".old", overwrite: true);
    }

    /// <summary>The log's last lines from a position on, for error messages.</summary>
    public string LogTail(long from)
    {
        if (!File.Exists(LogFile)) return "";
        using var stream = new FileStream(LogFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        stream.Position = Math.Max(Math.Min(from, stream.Length), stream.Length - 4096);
        return new StreamReader(stream).ReadToEnd().Trim();
    }
}
