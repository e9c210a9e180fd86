using System.Globalization;
using System.Text.RegularExpressions;

namespace App.Development.Embedded;

/// <summary>A usable set of PostgreSQL's server programs.</summary>
/// <param name="Folder">Holds <c>postgres</c> and <c>initdb</c>.</param>
/// <param name="Major">The major version: a cluster runs only under that which made it.</param>
internal sealed partial record ServerBinaries(string Folder, int Major)
{
    /// <summary>The oldest major version that the product's SQL is written for.</summary>
    public const int OldestMajor = 14;

    /// <summary>The full path of one of the programs.</summary>
    public string Program(string name) => Path.Combine(Folder, Executable.FileName(name));

    /// <summary>The first usable set.</summary>
    /// <param name="user">Who must be able to run it.</param>
    /// <param name="cluster">The cluster that it is for; one that exists decides the major version.</param>
    /// <param name="only">Looks only in this folder; null looks in all of <see cref="BinaryLocations"/>.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <exception cref="EmbeddedServerException">There is none; the message says what was found and what to install.</exception>
    public static async Task<ServerBinaries> FindAsync(ServerUser user, Cluster cluster, string? only, CancellationToken cancellationToken)
    {
        var rejected = new List<string>();
        var wanted = cluster.Major;
        foreach (var folder in only is null ? BinaryLocations.All() : [only])
        {
            var (found, fault) = await ProbeAsync(user, folder, cancellationToken);
            if (found is null) rejected.Add($"{folder}: {fault}");
            else if (wanted is null ? found.Major >= OldestMajor : found.Major == wanted) return found;
            else rejected.Add($"{folder}: PostgreSQL {found.Major}");
        }

        var seen = rejected.Count == 0 ? "" : $" Found: {string.Join("; ", rejected)}.";
        throw new EmbeddedServerException(wanted is null
            ? $"No PostgreSQL server (version {OldestMajor} or newer) was found on PATH, in /usr/lib/postgresql or in node_modules.{seen} "
              + "Run 'npm ci', install PostgreSQL (Debian: apt-get install postgresql; macOS: brew install postgresql), or "
              + "set DATABASE_URL."
            : $"The data in '{cluster.Folder}' is of PostgreSQL {wanted}, and no server of that version was found.{seen} "
              + $"Install PostgreSQL {wanted}, or move that folder away to start empty, or set DATABASE_URL.");
    }

    private static async Task<(ServerBinaries? Found, string Fault)> ProbeAsync(ServerUser user, string folder,
        CancellationToken cancellationToken)
    {
        if (new[] { "postgres",
            "initdb" }.FirstOrDefault(name => !File.Exists(Path.Combine(folder, Executable.FileName(name)))) is { } missing)
            return (null, $"{missing} is missing");
        if (NpmBinaries.IsNpm(folder))
        {
            NpmBinaries.Complete(folder);
            if (!await user.CanEnterAsync(folder, cancellationToken)) folder = NpmBinaries.CopyTo(ClusterHome.MakeShared(), folder);
        }
        // Both are asked: they need different libraries.
        var initdb =
            await Executable.RunAsync(
                user.Command(Path.GetPathRoot(folder)!, Path.Combine(folder, Executable.FileName("initdb")), "--version"),
                cancellationToken);
        var postgres =
            await Executable.RunAsync(
                user.Command(Path.GetPathRoot(folder)!, Path.Combine(folder, Executable.FileName("postgres")), "--version"),
                cancellationToken);
        if (initdb.ExitCode != 0) return (null, initdb.Output);
        if (postgres.ExitCode != 0) return (null, postgres.Output);
        return VersionNumber().Match(postgres.Output) is { Success: true } match
            ? (new(folder, int.Parse(match.Groups["major"].ValueSpan, CultureInfo.InvariantCulture)), "")
            : (null, $"an unknown version ({postgres.Output})");
    }

    // "postgres (PostgreSQL) 15.18 (Debian …)", "18beta1"
    [GeneratedRegex(@"\(PostgreSQL\) (?<major>\d+)", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex VersionNumber();
}
