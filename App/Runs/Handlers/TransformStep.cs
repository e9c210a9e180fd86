using System.Text.Json;
using App.Platform.Http;
using App.Runs.Plans;

namespace App.Runs.Handlers;

/// <summary>
/// <c>transform</c>: makes one value of others. <c>{"template": …}</c> is the value itself, its references resolved;
/// <c>{"from": …, "pick": …}</c> takes what stands at one path, at each of a list, or at those of an object by its names.
/// </summary>
internal sealed class TransformStep : IStepHandler
{
    private const string PickForm = "give a path such as body.items[0].id, a list of paths, or an object of names with paths";

    /// <inheritdoc/>
    public string Name => "transform";

    /// <inheritdoc/>
    public void Validate(StepInput input)
    {
        input.Only("template", "from", "pick");
        if (input.Has("template") == input.Has("pick"))
            input.Fault("template", null, "give either template, a value with references, or from and pick");
        if (input.Has("pick") != input.Has("from"))
            input.Fault(input.Has("pick") ? "from" : "pick", null, "give from, a value, together with pick, which paths to take from it");
        if (input.Find("pick") is { } pick)
            foreach (var (name, path) in PathsOf(pick, input))
                if (Parsed(path) is null) input.Fault(name, path, PickForm);
    }

    /// <inheritdoc/>
    public Task<StepOutcome> ExecuteAsync(StepContext step, CancellationToken ct) => Task.FromResult(Execute(step.Input));

    private static StepOutcome Execute(StepInput input)
    {
        if (input.Find("template") is { } template) return StepOutcome.Succeed(template);
        var (from, pick) = (input.Value.GetProperty("from"), input.Value.GetProperty("pick"));
        if (pick.ValueKind == JsonValueKind.String)
            return Take(from, pick.GetString()!, out var only) is { } fault ? StepOutcome.Fail(fault) : StepOutcome.Succeed(only);
        var picked = new Dictionary<string, JsonElement>();
        foreach (var (name, path) in PathsOf(pick, input))
        {
            if (Take(from, path, out var found) is { } missing) return StepOutcome.Fail(missing);
            picked[pick.ValueKind == JsonValueKind.Array ? path : name] = found;
        }
        return StepOutcome.Succeed(picked);
    }

    private static IEnumerable<(string Name, string Path)> PathsOf(JsonElement pick, StepInput input)
    {
        (string Name, JsonElement Path)[] entries = pick.ValueKind switch
        {
            JsonValueKind.String => [("pick", pick)],
            JsonValueKind.Array => [.. pick.EnumerateArray().Select((item, i) => ($"pick[{i}]", item))],
            JsonValueKind.Object => [.. pick.EnumerateObject().Select(property => (property.Name, property.Value))],
            _ => [],
        };
        if (entries.Length == 0) input.Fault("pick", JsonFields.Show(pick), PickForm);
        foreach (var (name, path) in entries)
        {
            if (path.ValueKind != JsonValueKind.String) input.Fault(name, JsonFields.Show(path), PickForm);
            else if (input.IsKnown(path)) yield return (name, path.GetString()!);
        }
    }

    private static string? Take(JsonElement from, string path, out JsonElement found)
    {
        var segments = Parsed(path)!;
        var followed = Reference.Follow(from, segments, out found);
        return followed == segments.Count ? null : $"There is nothing at '{path}' of from: '{segments[followed]}' is missing.";
    }

    private static IReadOnlyList<string>? Parsed(string path) =>
        path.Length == 0 ? null : Reference.ParsePath(path[0] is '.' or '[' ? path : "." + path);
}
