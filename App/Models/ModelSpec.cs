using System.Text.Json;
using System.Text.Json.Serialization;

namespace App.Models;

/// <summary>
/// What a model version says of itself: everything that is needed to feed it and to read its answer. Stored beside
/// the artifact (registry row, or <c>name.json</c> beside <c>name.onnx</c>).
/// </summary>
internal sealed record ModelSpec
{
    /// <summary>Name of the model's task, such as <c>disaggregation</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Input and output tensors with their shapes; -1 stands for the batch.</summary>
    public required TensorSpec Input { get; init; }

    /// <inheritdoc cref="Input"/>
    public required TensorSpec Output { get; init; }

    /// <summary>Seconds between two samples of the input window; 0 where the input is no time series.</summary>
    public int SamplePeriodSeconds { get; init; }

    /// <summary>Samples in the input window.</summary>
    public int Window { get; init; }

    /// <summary>Index in the window of the sample that the output speaks of.</summary>
    public int TargetOffset { get; init; }

    /// <summary>Unit of input and output, such as <c>W</c>.</summary>
    public string Unit { get; init; } = "";

    /// <summary>Names of the outputs, in order.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>For each label, from which output value on it counts as on (or as recognised).</summary>
    public IReadOnlyList<float> Thresholds { get; init; } = [];

    /// <summary>What it was trained on.</summary>
    public string TrainingSource { get; init; } = "";

    /// <summary>Seed of the training.</summary>
    public int Seed { get; init; }

    /// <summary>How training and validation data were split.</summary>
    public string Split { get; init; } = "";

    /// <summary>Scores and the baselines beside them, such as <c>kettle.f1</c> and <c>kettle.f1.edge</c>.</summary>
    public IReadOnlyDictionary<string, double> Scores { get; init; } = new Dictionary<string, double>();

    /// <summary>Anything that a reader should know, such as "demonstration".</summary>
    public string Note { get; init; } = "";

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    /// <summary>Reads a spec.</summary>
    /// <exception cref="JsonException">It is no JSON object of this shape.</exception>
    public static ModelSpec Parse(string json) =>
        JsonSerializer.Deserialize<ModelSpec>(json, Options) ?? throw new JsonException("The model's spec is null.");

    /// <summary>Writes it as indented JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Options);
}

/// <summary>Name and shape of one tensor; -1 stands for the batch.</summary>
internal sealed record TensorSpec(string Name, IReadOnlyList<int> Shape);
