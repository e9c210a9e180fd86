using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Migrations;

/// <summary>
/// One file of <c>Functions/</c>: all overloads of a function, with the trigger that calls it, or a view. Its text can be
/// applied again and again.
/// </summary>
/// <param name="Name">Its slice and its name: <c>Jobs/jobs_claim</c>.</param>
/// <param name="Text">What is applied.</param>
public sealed partial record SchemaFunction(string Name, string Text)
{
    /// <summary>Changes with the text.</summary>
    public string Hash { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Text)));

    /// <summary>Every file, each below those that it calls: PostgreSQL looks at once for what a view or a function in SQL names.</summary>
    public static IReadOnlyList<SchemaFunction> All { get; } = InOrder([.. Read()]);

    /// <summary>
    /// Signatures that no running version calls any more (<c>Functions/retired.txt</c>). A signature leaves its file, and is
    /// listed there, one release after the one whose code stopped calling it.
    /// </summary>
    public static IReadOnlyList<string> Retired { get; } =
        [.. SchemaFiles.Read("Functions/retired.txt").Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#')];

    /// <summary>Puts each below those that it names. Those that name each other stay as they come.</summary>
    public static IReadOnlyList<SchemaFunction> InOrder(IReadOnlyList<SchemaFunction> files)
    {
        var byName = files.ToDictionary(file => file.Object, StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var ordered = new List<SchemaFunction>();
        foreach (var file in files) Visit(file);
        return ordered;

        void Visit(SchemaFunction file)
        {
            if (!seen.Add(file.Object)) return;
            foreach (var word in Words().Matches(Comments().Replace(file.Text, "")).Select(match => match.Value))
                if (byName.TryGetValue(word, out var named)) Visit(named);
            ordered.Add(file);
        }
    }

    private string Object => Name[(Name.IndexOf('/') + 1)..];

    private static IEnumerable<SchemaFunction> Read() =>
        from path in SchemaFiles.Paths
        where path.StartsWith("Functions/", StringComparison.Ordinal) && path.EndsWith(".sql", StringComparison.Ordinal)
        select new SchemaFunction(path["Functions/".Length..^".sql".Length], SchemaFiles.Read(path));

    [GeneratedRegex(@"\w+")]
    private static partial Regex Words();

    [GeneratedRegex("--.*")]
    private static partial Regex Comments();
}
