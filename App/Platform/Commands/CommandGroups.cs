using System.CommandLine;

namespace App.Platform.Commands;

/// <summary>Commands of two words, such as <c>App keys create</c>: several slices may add to one first word.</summary>
internal static class CommandGroups
{
    /// <summary>The command of a first word, made when it is asked for the first time.</summary>
    public static Command Group(this RootCommand root, string name, string description)
    {
        if (root.Subcommands.FirstOrDefault(command => command.Name == name) is { } known) return known;
        var group = new Command(name, description);
        root.Add(group);
        return group;
    }
}
