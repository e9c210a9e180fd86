using App.Engines.Models;
using App.Platform;
using App.Platform.Configuration;

namespace App.Energy.Disaggregation;

/// <summary>The model of an offline command, held against what this code can feed and read.</summary>
internal static class ModelFile
{
    /// <summary>Name of the task.</summary>
    public const string Task = "disaggregation";

    /// <summary>Path of the spec that belongs to a model file: <c>x.json</c> beside <c>x.onnx</c>.</summary>
    public static string SpecOf(string path) => Path.ChangeExtension(path, ".json");

    /// <summary>What makes a spec unfit, with the cure, or null.</summary>
    public static string? FaultOf(ModelSpec spec) =>
        !spec.Labels.SequenceEqual(Appliances.Labels)
            ? $"its labels are {string.Join(", ", spec.Labels)}: {string.Join(", ", Appliances.Labels)} are taken"
        : spec.SamplePeriodSeconds * 1000 != Grid.CellMs
        ? $"its sample period is {spec.SamplePeriodSeconds} s: {Grid.CellMs / 1000} s is taken"
        : spec.Input.RowSize != spec.Window && !spec.Input.Shape.SequenceEqual([-1, Minutes.Rows, spec.Window])
            ? $"its input is {spec.Input}: [-1,{spec.Window}] (means) or [-1,{Minutes.Rows},{spec.Window}] (means, lows, highs) is taken"
        : spec.TargetOffset < 0 || spec.TargetOffset >= spec.Window
        ? $"its target offset {spec.TargetOffset} lies outside its window of {spec.Window}"
        : null;

    /// <summary>Loads it, as <see cref="OfflineModel"/> says.</summary>
    /// <exception cref="UsageException">There is none, or it does not tell these appliances apart.</exception>
    public static async Task<OfflineModel> LoadAsync(string? option, Variables variables, CancellationToken ct)
    {
        var model = await OfflineModel.LoadAsync(Task, option, variables, ct);
        if (FaultOf(model.Model.Spec) is not { } fault) return model;
        model.Dispose();
        throw new UsageException($"The model {model.Label} cannot be used: {fault}.");
    }
}
