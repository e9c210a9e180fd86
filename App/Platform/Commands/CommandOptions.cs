using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace App.Platform.Commands;

/// <summary>The kinds of options that commands have. A wrong value is told with its option and the cure.</summary>
internal static class CommandOptions
{
    /// <summary>A text, or null.</summary>
    public static Option<string?> Text(string name, string value, string description) =>
        new(name) { HelpName = value, Description = description };

    /// <summary>A text that must be given.</summary>
    public static Option<string> Required(string name, string value, string description) =>
        new(name) { HelpName = value, Description = description, Required = true };

    /// <summary>A file that must be given and be there.</summary>
    public static Option<string> ExistingFile(string name, string value, string description)
    {
        var option = Required(name, value, description);
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } path && !File.Exists(path))
                result.AddError($"{name} is '{path}': there is no such file.");
        });
        return option;
    }

    /// <summary>A whole number within bounds.</summary>
    public static Option<int> Integer(string name, string description, int fallback, int min = 0, int max = int.MaxValue) =>
        new(name)
        {
            HelpName = "n",
            Description = description,
            DefaultValueFactory = _ => fallback,
            CustomParser = result => Parse(result, name, min, max) ?? fallback
        };

    /// <summary>A whole number within bounds, or null.</summary>
    public static Option<int?> OptionalInteger(string name, string description, int min = 0, int max = int.MaxValue) =>
        new(name) { HelpName = "n", Description = description, CustomParser = result => Parse(result, name, min, max) };

    /// <summary>One of a few words.</summary>
    public static Option<string> OneOf(string name, string description, string fallback, params string[] words)
    {
        var option = new Option<string>(name)
        {
            HelpName = string.Join('|', words),
            Description = description,
            DefaultValueFactory = _ => fallback
        };
        option.CompletionSources.Add(words);
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } word && !words.Contains(word))
                result.AddError($"{name} is '{word}': give {string.Join(" or ", words)}.");
        });
        return option;
    }

    private static int? Parse(ArgumentResult result, string name, int min, int max)
    {
        var text = result.Tokens[0].Value;
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max)
            return value;
        result.AddError($"{name} is '{text}': give a whole number from {min} to {max}.");
        return null;
    }
}
