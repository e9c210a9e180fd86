using System.Text.Json;
using System.Text.RegularExpressions;

namespace App.Runs.Plans;

/// <summary>What stands between <c>{{</c> and <c>}}</c>: <c>run.id</c>, <c>run.goal</c>, or <c>steps.NAME.output.PATH</c>.</summary>
/// <param name="Text">As it was written.</param>
/// <param name="Step">The step; null: the run.</param>
/// <param name="Property"><c>output</c>, <c>status</c> or <c>error</c> of a step, <c>id</c> or <c>goal</c> of the run.</param>
/// <param name="Path">Properties and indexes below it.</param>
internal sealed partial record Reference(string Text, string? Step, string Property, IReadOnlyList<string> Path)
{
    /// <summary>How a reference is written, for messages.</summary>
    public const string Form =
        "write {{steps.NAME.output}} with a path such as .body.items[0].id, {{steps.NAME.status}}, {{steps.NAME.error}}, {{run.id}} "
        + "or {{run.goal}}";

    /// <summary>Reads one; null when it is none.</summary>
    public static Reference? Parse(string text)
    {
        if (text is "run.id" or "run.goal") return new Reference(text, null, text[4..], []);
        var match = OfStep().Match(text);
        return match.Success && ParsePath(match.Groups["path"].Value) is { } path
            ? new Reference(text, match.Groups["name"].Value, match.Groups["property"].Value, path)
            : null;
    }

    /// <summary>Reads a path such as <c>.body.items[0]['a.b']</c>; null when it is none.</summary>
    public static IReadOnlyList<string>? ParsePath(string path)
    {
        var segments = new List<string>();
        var at = 0;
        while (at < path.Length)
        {
            var match = Segment().Match(path, at);
            if (!match.Success) return null;
            segments.Add(match.Groups["segment"].Value);
            at += match.Length;
        }
        return segments;
    }

    /// <summary>Goes along a path.</summary>
    /// <param name="value">Where it begins.</param>
    /// <param name="path">Where it leads.</param>
    /// <param name="found">What is there.</param>
    /// <returns>The segments that were found before one was missing; all of them when none was.</returns>
    public static int Follow(JsonElement value, IReadOnlyList<string> path, out JsonElement found)
    {
        found = value;
        for (var i = 0; i < path.Count; i++)
        {
            if (found.ValueKind == JsonValueKind.Object && found.TryGetProperty(path[i], out var property)) found = property;
            else if (found.ValueKind == JsonValueKind.Array && int.TryParse(path[i], out var index) && index >= 0
                && index < found.GetArrayLength()) found = found[index];
            else return i;
        }
        return path.Count;
    }

    // The name ends at the first of the three properties, so a name may hold dots.
    [GeneratedRegex(@"\Asteps\.(?<name>[A-Za-z0-9._:-]+?)\.(?<property>output|status|error)(?<path>[.\[].*)?\z",
        RegexOptions.ExplicitCapture | RegexOptions.Singleline)]
    private static partial Regex OfStep();

    [GeneratedRegex(@"\G(\.(?<segment>[^.\[\]{}\s]+)|\[(?<segment>\d{1,9})\]|\['(?<segment>[^']+)'\])", RegexOptions.ExplicitCapture)]
    private static partial Regex Segment();
}
