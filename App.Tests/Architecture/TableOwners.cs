using System.Text.RegularExpressions;

namespace App.Tests.Architecture;

/// <summary>The checked-in list of which slice owns which table: <c>Migrations/owners.txt</c>.</summary>
internal sealed partial class TableOwners
{
    private TableOwners(IReadOnlyList<(string Slice, string Table)> owned, IReadOnlyList<(string File, string Table)> exceptions) =>
        (Owned, Exceptions) = (owned, exceptions);

    /// <summary>Tables and views with their owners.</summary>
    public IReadOnlyList<(string Slice, string Table)> Owned { get; }

    /// <summary>Files that write a table of another slice.</summary>
    public IReadOnlyList<(string File, string Table)> Exceptions { get; }

    /// <summary>Reads the list.</summary>
    public static TableOwners Read()
    {
        var lines = File.ReadAllLines(Path.Combine(Sources.Root, "Migrations/owners.txt")).Where(line => line.Length > 0 && line[0] != '#').ToList();
        var owned = from line in lines
                    where line[0] != '!'
                    let parts = line.Split(':')
                    from table in parts[1].Split(' ', StringSplitOptions.RemoveEmptyEntries)
                    select (parts[0], table);
        var exceptions = lines.Where(line => line[0] == '!').Select(line => ExceptionLine().Match(line))
            .Select(match => match.Success ? (match.Groups["file"].Value, match.Groups["table"].Value) : throw new FormatException("An exception lacks a reason."));
        return new([.. owned], [.. exceptions]);
    }

    /// <summary>What a source file writes to: names of tables, and <c>{…}</c> where C# puts the name together.</summary>
    public IEnumerable<string> Written(string text)
    {
        var code = string.Join('\n', text.Split('\n').Where(line => line.TrimStart() is not (['/', '/', ..] or ['-', '-', ..])));
        var names = Owned.Select(owned => owned.Table).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return Write().Matches(code).Select(match => match.Groups["table"].Value).Where(table => table[0] == '{' || names.Contains(table)).Distinct();
    }

    /// <summary>Tables that a file of a slice writes to although they are not its own, and no exception names them.</summary>
    public IEnumerable<string> Violations(string slice, string file, string text) =>
        Written(text).Where(table => !Owned.Contains((slice, table)) && !Exceptions.Contains((file, table)));

    [GeneratedRegex(@"^! (?<file>\S+) writes (?<table>\{[^}]*\}|\w+): \S.*$", RegexOptions.ExplicitCapture)]
    private static partial Regex ExceptionLine();

    [GeneratedRegex("""\b(insert\s+into|update|delete\s+from|truncate(\s+table)?|copy|merge\s+into)\s+(only\s+)?(public\.)?\\?"?(?<table>\{[^}]*\}|\w+)""",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex Write();
}
