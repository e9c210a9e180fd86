using App.Platform.Configuration;

namespace App.Platform;

/// <summary>A command of the image: <c>App &lt;name&gt; [options]</c>.</summary>
/// <param name="Name">One or two words, such as <c>migrate</c> or <c>keys create</c>.</param>
/// <param name="Usage">Options and purpose, one line, shown by <c>App help</c>.</param>
/// <param name="RunAsync">Runs it and answers the process's exit code.</param>
internal sealed record Command(string Name, string Usage, Func<CommandLine, Variables, CancellationToken, Task<int>> RunAsync);

/// <summary>A fault in how a command was called or in a file that it was given: one line to stderr, exit code 64.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>The options of a command: <c>--name value</c>, or <c>--name</c> alone for a switch.</summary>
internal sealed class CommandLine
{
    private readonly Dictionary<string, string> values = [];
    private readonly HashSet<string> read = [];

    private CommandLine() { }

    /// <summary>Words before the first option.</summary>
    public IReadOnlyList<string> Words { get; private init; } = [];

    /// <summary>Splits arguments into words and options.</summary>
    /// <exception cref="UsageException">A word stands behind an option's value, or an option is given twice.</exception>
    public static CommandLine Parse(IReadOnlyList<string> args)
    {
        var words = args.TakeWhile(arg => !IsOption(arg)).ToList();
        var line = new CommandLine { Words = words };
        for (var i = words.Count; i < args.Count; i++)
        {
            if (!IsOption(args[i])) throw new UsageException($"Unexpected '{args[i]}': options look like --name value.");
            var name = args[i][2..];
            var value = i + 1 < args.Count && !IsOption(args[i + 1]) ? args[++i] : "true";
            if (!line.values.TryAdd(name, value)) throw new UsageException($"--{name} is given twice.");
        }
        return line;
    }

    /// <summary>The value of an option, or null.</summary>
    public string? Optional(string name)
    {
        read.Add(name);
        return values.GetValueOrDefault(name);
    }

    /// <summary>The value of an option that must be there.</summary>
    public string Required(string name) => Optional(name) ?? throw new UsageException($"--{name} is missing.");

    /// <summary>A whole number within bounds.</summary>
    public int Integer(string name, int fallback, int min = 0, int max = int.MaxValue)
    {
        if (Optional(name) is not { } text) return fallback;
        if (int.TryParse(text, out var value) && value >= min && value <= max) return value;
        throw new UsageException($"--{name} is '{text}': give a whole number from {min} to {max}.");
    }

    /// <summary>Whether a switch is set.</summary>
    public bool Switch(string name) => Optional(name) is "true";

    /// <summary>Refuses options that the command did not ask for: call it after the last option was read.</summary>
    public void RefuseUnread()
    {
        if (values.Keys.FirstOrDefault(name => !read.Contains(name)) is { } unknown)
            throw new UsageException($"--{unknown} is not an option of this command.");
    }

    private static bool IsOption(string arg) => arg.StartsWith("--", StringComparison.Ordinal) && arg.Length > 2;
}
