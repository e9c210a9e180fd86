using System.Globalization;
using System.Text.RegularExpressions;

namespace App.Platform.Configuration;

/// <summary>
/// The one reader of configuration: flat names from the environment (and <c>appsettings.json</c>). Each capability
/// reads its own variables into its options; faults are collected, so that a start reports all of them at once.
/// Units: seconds, milliseconds or bytes as the name says.
/// </summary>
internal sealed partial class Variables(IConfiguration source)
{
    private readonly List<string> faults = [];
    private readonly HashSet<string> names = [];
    private readonly Dictionary<string, string> defaults = [];

    /// <summary>Every name that was asked for; <c>docs/operations.md</c> must list them all.</summary>
    public IReadOnlyCollection<string> Names => names;

    /// <summary>
    /// What holds where a name is unset, as text; a name without an entry has no default. <c>appsettings.json</c> must say the same.
    /// </summary>
    public IReadOnlyDictionary<string, string> Defaults => defaults;

    /// <summary>What is wrong so far, one sentence a fault, naming variable, value and cure.</summary>
    public IReadOnlyList<string> Faults => faults;

    /// <summary>Variables of this process: environment over <c>appsettings.json</c> beside the application.</summary>
    public static Variables OfProcess() => new(new ConfigurationBuilder()
        .AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json"), optional: true)
        .AddEnvironmentVariables()
        .Build());

    /// <summary>Variables from a dictionary, for tests and benchmarks.</summary>
    public static Variables Of(IDictionary<string, string?> values) =>
        new(new ConfigurationBuilder().AddInMemoryCollection(values).Build());

    /// <summary>The same with one of them set by the command that runs: for platforms whose processes share one environment.</summary>
    public Variables With(string name, string value) =>
        new(new ConfigurationBuilder().AddConfiguration(source).AddInMemoryCollection([new(name, value)]).Build());

    /// <summary>Values that must never be written anywhere: those of variables named so, and passwords inside URLs.</summary>
    public IReadOnlyList<string> Secrets() =>
    [
        .. names.Where(name => SecretName().IsMatch(name)).Select(Text).OfType<string>()
            .SelectMany(value => PasswordInUrl().Match(value) is { Success: true } found
                ? [found.Groups[1].Value, Uri.UnescapeDataString(found.Groups[1].Value)]
                // A secret that is being replaced stands beside its successor.
                : value.Split(',', StringSplitOptions.TrimEntries).Append(value))
            .Where(secret => secret.Length >= 6)
            .Distinct(StringComparer.Ordinal),
    ];

    /// <summary>A text, or null when unset or blank.</summary>
    public string? Text(string name)
    {
        names.Add(name);
        var value = source[name]?.Trim();
        return string.IsNullOrEmpty(value) ? null : value;
    }

    /// <summary>A text, or its default when unset or blank.</summary>
    public string Text(string name, string fallback)
    {
        Default(name, fallback);
        return Text(name) ?? fallback;
    }

    /// <summary>All variables that are set and whose names begin so, for a library that reads its own.</summary>
    public IReadOnlyList<KeyValuePair<string, string?>> StartingWith(string prefix) =>
        [.. source.GetChildren().Where(one => !string.IsNullOrWhiteSpace(one.Value) && one.Key.StartsWith(prefix, StringComparison.Ordinal))
            .Select(one => KeyValuePair.Create(one.Key, one.Value))];

    /// <summary>true/false, 1/0, yes/no, on/off.</summary>
    public bool Flag(string name, bool fallback)
    {
        Default(name, fallback ? "true" : "false");
        switch (Text(name)?.ToLowerInvariant())
        {
            case null: return fallback;
            case "true" or "1" or "yes" or "on": return true;
            case "false" or "0" or "no" or "off": return false;
            default: return Fault(name, Text(name)!, "set true or false", fallback);
        }
    }

    /// <summary>A whole number within bounds.</summary>
    public int Integer(string name, int fallback, int min, int max)
    {
        Default(name, fallback.ToString(CultureInfo.InvariantCulture));
        if (Text(name) is not { } text) return fallback;
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max)
            return value;
        return Fault(name, text, $"set a whole number from {min} to {max}", fallback);
    }

    /// <summary>A number within bounds, fractions allowed.</summary>
    public double Number(string name, double fallback, double min, double max)
    {
        Default(name, fallback.ToString(CultureInfo.InvariantCulture));
        if (Text(name) is not { } text) return fallback;
        if (double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture,
            out var value) && value >= min && value <= max)
            return value;
        return Fault(name, text, string.Create(CultureInfo.InvariantCulture, $"set a number from {min} to {max}"), fallback);
    }

    /// <summary>One of the given words, in lower case.</summary>
    public string OneOf(string name, string fallback, params ReadOnlySpan<string> words)
    {
        Default(name, fallback);
        var text = Text(name)?.ToLowerInvariant();
        if (text is null) return fallback;
        foreach (var word in words)
            if (word == text) return text;
        return Fault(name, text, $"set one of {string.Join(", ", words!)}", fallback);
    }

    /// <summary>An absolute http(s) URL.</summary>
    public Uri? Url(string name)
    {
        if (Text(name) is not { } text) return null;
        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https") return url;
        return Fault<Uri?>(name, text, "set an absolute http:// or https:// URL", null);
    }

    /// <summary>An absolute http(s) URL, or its default when unset.</summary>
    public Uri Url(string name, string fallback)
    {
        Default(name, fallback);
        return Url(name) ?? new Uri(fallback);
    }

    /// <summary>Records a fault found by a capability itself, such as a URL that does not parse.</summary>
    /// <param name="name">The variable.</param>
    /// <param name="value">Its value, or a stand-in where it may hold a secret.</param>
    /// <param name="cure">What to set instead.</param>
    /// <param name="fallback">Answered, so that reading goes on.</param>
    public T Fault<T>(string name, string value, string cure, T fallback)
    {
        // Two capabilities may read the same variable.
        var fault = $"{name} is '{value}': {cure}.";
        if (!faults.Contains(fault)) faults.Add(fault);
        return fallback;
    }

    private void Default(string name, string value) => defaults[name] = value;

    [GeneratedRegex("_KEY$|SECRET|TOKEN$|DATABASE_.*URL|SMTP_URL")]
    private static partial Regex SecretName();

    [GeneratedRegex("^[a-zA-Z]+://[^:/@]*:(.+)@")]
    private static partial Regex PasswordInUrl();

    /// <summary>Throws when any variable read so far is at fault.</summary>
    /// <exception cref="InvalidVariablesException">One message that names every fault.</exception>
    public void ThrowIfInvalid()
    {
        if (faults.Count > 0) throw new InvalidVariablesException(faults);
    }
}

/// <summary>The environment cannot be used: every fault in one message; the process exits with 78 (EX_CONFIG).</summary>
internal sealed class InvalidVariablesException(IReadOnlyList<string> faults)
    : Exception(
        $"Configuration is invalid ({faults.Count} {(faults.Count == 1 ? "fault" : "faults")}):\n"
            + string.Join('\n', faults.Select(f => "  " + f)));
