using System.Text.Json;
using App.Models;
using App.Platform;

namespace App.Disaggregation;

/// <summary>Finds the model of an offline command: a file with its spec beside it, or the one that the product ships.</summary>
internal static class ModelFile
{
    /// <summary>Name of the task.</summary>
    public const string Task = "disaggregation";

    /// <summary>Path of the shipped model.</summary>
    public static string Shipped { get; } = Path.Combine(AppContext.BaseDirectory, "Models", "Shipped", $"{Task}.onnx");

    /// <summary>Path of the spec that belongs to a model file: <c>x.json</c> beside <c>x.onnx</c>.</summary>
    public static string SpecOf(string path) => Path.ChangeExtension(path, ".json");

    /// <summary>Loads a model.</summary>
    /// <param name="path">An <c>.onnx</c> file, or null for the shipped one.</param>
    /// <exception cref="UsageException">It or its spec is missing, or it does not tell these appliances apart.</exception>
    /// <exception cref="BadFileException">It is no model of the shape that its spec claims.</exception>
    public static OnnxModel Load(string? path)
    {
        path ??= Shipped;
        foreach (var file in new[] { path, SpecOf(path) })
        {
            if (!File.Exists(file)) throw new UsageException($"--model is '{path}': there is no file {file}; a model is an .onnx file with its .json beside it.");
        }
        try
        {
            var spec = ModelSpec.Parse(File.ReadAllText(SpecOf(path)));
            if (spec.Name != Task || !spec.Labels.SequenceEqual(Appliances.Labels) || spec.SamplePeriodSeconds * 1000 != Grid.CellMs
                || spec.Window <= 0 || spec.TargetOffset < 0 || spec.TargetOffset >= spec.Window)
            {
                throw new UsageException($"--model is '{path}': its spec is not of a {Task} model for {string.Join(", ", Appliances.Labels)} at {Grid.CellMs / 1000} s.");
            }
            return OnnxModel.Load(File.ReadAllBytes(path), spec);
        }
        catch (JsonException e)
        {
            throw new BadFileException(SpecOf(path), (e.LineNumber ?? -1) + 1, $"it is no model spec: {e.Message}");
        }
        catch (InvalidModelException e)
        {
            throw new BadFileException(path, 0, e.Message);
        }
    }
}
