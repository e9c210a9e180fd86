using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace App.Engines.Models;

/// <summary>
/// What a model version says of itself: everything that is needed to feed it and to read its answer. Stored beside
/// the artifact (registry row, or <c>name.json</c> beside <c>name.onnx</c>).
/// </summary>
/// <example>
/// {"name":"disaggregation","input":{"name":"mains","shape":[-1,3,131]},"output":{"name":"watts","shape":[-1,2]},"samplePeriodSeconds":60,
/// "window":131,"targetOffset":65,"unit":"W","labels":["kettle","fridge"],"thresholds":[500,50],"trainingSource":"simulated households",
/// "seed":1,"split":"by household","scores":{"kettle.f1":0.91},"note":"demonstration"}
/// </example>
internal sealed partial record ModelSpec
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
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>Reads a spec.</summary>
    /// <exception cref="JsonException">It is no JSON object of this shape.</exception>
    public static ModelSpec Parse(string json) =>
        JsonSerializer.Deserialize<ModelSpec>(json, Options) ?? throw new JsonException("The model's spec is null.");

    /// <summary>Writes it as indented JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Options);

    /// <summary>Throws where the spec contradicts itself.</summary>
    /// <exception cref="InvalidModelException">Names the field and the cure.</exception>
    public void Check()
    {
        if (!NamePattern().IsMatch(Name)) throw Fault("name", $"is '{Name}': use 1 to 64 of a-z 0-9 -, beginning with a letter");
        CheckShape("input", Input);
        CheckShape("output", Output);
        if (Labels.Count > 0 && Output.Shape[^1] > 0 && Labels.Count != Output.Shape[^1])
            throw Fault("labels", $"has {Labels.Count} names for {Output.Shape[^1]} outputs: give one for each");
        if (Thresholds.Count > 0 && Thresholds.Count != Labels.Count)
            throw Fault("thresholds", $"has {Thresholds.Count} values for {Labels.Count} labels: give one for each");
        if (SamplePeriodSeconds < 0 || Window < 0) throw Fault("window", "and samplePeriodSeconds cannot be negative");
        if (Window > 0 && (TargetOffset < 0 || TargetOffset >= Window))
            throw Fault("targetOffset", $"is {TargetOffset}: it is an index in the window of {Window} samples");
    }

    private static void CheckShape(string role, TensorSpec tensor)
    {
        const long most = 1 << 24;
        var shape = string.Join(',', tensor.Shape);
        if (tensor.Shape.Count < 2 || tensor.Shape[0] != -1 || tensor.Shape.Skip(1).Any(d => d <= 0))
            throw Fault($"{role}.shape", $"is [{shape}]: it begins with -1 for the batch, and the other dimensions are fixed and positive");
        if (tensor.Shape.Skip(1).Aggregate(1.0, (product, d) => product * d) > most)
            throw Fault($"{role}.shape", $"is [{shape}]: at most {most} values a row are taken");
    }

    private static InvalidModelException Fault(string field, string fault) => new($"spec.{field} {fault}.", $"spec.{field}");

    [GeneratedRegex("^[a-z][a-z0-9-]{0,63}$")]
    private static partial Regex NamePattern();
}

/// <summary>Name and shape of one tensor; -1 stands for the batch.</summary>
internal sealed record TensorSpec(string Name, IReadOnlyList<int> Shape)
{
    /// <summary>Values of one row.</summary>
    [JsonIgnore]
    public int RowSize { get; } = Shape.Where(dimension => dimension > 0).Aggregate(1, (product, dimension) => product * dimension);

    /// <summary>The shape of a batch of so many rows.</summary>
    public long[] ShapeOf(int rows) => [.. Shape.Select(dimension => dimension < 0 ? rows : (long)dimension)];

    /// <summary><c>mains[-1,131]</c>.</summary>
    public override string ToString() => $"{Name}[{string.Join(',', Shape)}]";
}
