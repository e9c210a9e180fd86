namespace App.Engines.Models;

/// <summary>
/// A task that the application has for a model, registered by the slice that runs it. What the slice cannot work with
/// is neither registered nor activated under that name; while no version is active, <c>/health</c> says so.
/// </summary>
/// <param name="Name">Name of the model.</param>
/// <param name="FaultOf">What makes a spec unfit (fault and cure, without a full stop), or null.</param>
/// <param name="InWeb">Whether a process of the web role runs it too; else only workers load it.</param>
/// <param name="Says">What one row of its output comes to, in words; two versions agree where they say the same. Null: the
/// labels that reach their thresholds.</param>
internal sealed record ModelPurpose(string Name, Func<ModelSpec, string?> FaultOf, bool InWeb = false, ModelSays? Says = null)
{
    private const string Nothing = "nothing";

    /// <summary>The labels that reach their thresholds.</summary>
    public static string LabelsOf(ModelSpec spec, ReadOnlySpan<float> output)
    {
        var labels = new List<string>();
        for (var i = 0; i < output.Length && i < spec.Thresholds.Count; i++)
        {
            if (output[i] >= spec.Thresholds[i]) labels.Add(spec.Labels[i]);
        }
        return labels.Count == 0 ? Nothing : string.Join(" + ", labels);
    }
}

/// <summary>What one row of a model's output comes to, in a few words.</summary>
internal delegate string ModelSays(ModelSpec spec, ReadOnlySpan<float> output);
