using App.Engines.Models;
using App.Platform;
using App.Platform.Configuration;

namespace App.Signs.Fingerspelling;

/// <summary>The task <c>fingerspelling</c>: what a model of it takes and answers.</summary>
internal static class LetterModel
{
    /// <summary>Name of the task.</summary>
    public const string Task = "fingerspelling";

    /// <summary>Unit of a model that answers probabilities.</summary>
    public const string Probability = "probability";

    /// <summary>Unit of a model that answers logits, which <see cref="HandClassifier"/> turns into probabilities.</summary>
    public const string Logit = "logit";

    /// <summary>Raw landmarks.</summary>
    public static TensorSpec Input { get; } = new("input", [-1, 1, Landmarks.Count, Landmarks.Dimensions]);

    /// <summary>One value a letter.</summary>
    public static TensorSpec Output { get; } = new("output", [-1, Alphabet.Count]);

    /// <summary>For the registry; it runs wherever frames arrive, so in the web role too.</summary>
    public static ModelPurpose Purpose { get; } = new(Task, FaultOf, InWeb: true, Says);

    /// <summary>What makes a spec unfit, with the cure, or null.</summary>
    public static string? FaultOf(ModelSpec spec) =>
        !spec.Input.Shape.SequenceEqual(Input.Shape) ? $"its input is {spec.Input}: {Input} with raw landmarks is taken"
        : !spec.Output.Shape.SequenceEqual(Output.Shape) ? $"its output is {spec.Output}: {Output} is taken"
        : !spec.Labels.SequenceEqual(Alphabet.Labels) ? $"its labels are {string.Join(", ", spec.Labels)}: A to Z are taken"
        : spec.Unit is not ("" or Probability or Logit) ? $"its unit is '{spec.Unit}': {Probability} or {Logit} is taken"
        : null;

    /// <summary>The letter of one row of output, or that there is none.</summary>
    public static string Says(ModelSpec spec, ReadOnlySpan<float> output)
    {
        Span<float> probabilities = stackalloc float[Alphabet.Count];
        output.CopyTo(probabilities);
        if (spec.Unit == Logit) HandClassifier.ToProbabilities(probabilities);
        return HandClassifier.GuessOf(probabilities, spec.Thresholds).Letter?.ToString() ?? "no letter";
    }

    /// <summary>The model of an offline command, as <see cref="OfflineModel"/> says.</summary>
    /// <exception cref="UsageException">There is none, or it is none of this task.</exception>
    public static async Task<OfflineModel> LoadAsync(string? option, Variables variables, CancellationToken ct)
    {
        var model = await OfflineModel.LoadAsync(Task, option, variables, ct);
        if (FaultOf(model.Model.Spec) is not { } fault) return model;
        model.Dispose();
        throw new UsageException($"The model {model.Label} cannot be used: {fault}.");
    }
}
