using App.Engines.Models;

namespace App.Energy.Disaggregation;

/// <summary>One appliance's scores in one house, beside the baselines.</summary>
/// <param name="Label">Index of the appliance.</param>
/// <param name="Model">The model; minutes without a prediction count as 0 W.</param>
/// <param name="Zero">Always 0 W.</param>
/// <param name="TrainingMean">Always the appliance's mean in the training data.</param>
/// <param name="Edges"><see cref="Baselines.Edges"/>.</param>
internal sealed record ApplianceScores(int Label, Score Model, Score Zero, Score TrainingMean, Score Edges);

/// <summary>Scores a model on houses whose truth is known, on every minute of the truth.</summary>
internal static class Evaluation
{
    /// <summary>Scores of each appliance that was measured in a house.</summary>
    /// <param name="model">Model of the task <c>disaggregation</c>.</param>
    /// <param name="house">House with truth.</param>
    /// <param name="lookAhead">As for <see cref="HousePrediction.Of"/>.</param>
    public static IReadOnlyList<ApplianceScores> Score(OnnxModel model, House house, int lookAhead = int.MaxValue)
    {
        var prediction = HousePrediction.Of(model, house, lookAhead);
        var edges = Baselines.Edges(house.Mains);
        return [.. Enumerable.Range(0, Appliances.Labels.Count)
            .Where(label => house.Truth[label] is not null).Select(label => new ApplianceScores(
            label,
            ScoreOf(house, label, minute => prediction.Watts(minute, label)),
            ScoreOf(house, label, _ => 0),
            ScoreOf(house, label, _ => TrainingMean(model.Spec, label)),
            ScoreOf(house, label, minute => edges[label][minute])))];
    }

    /// <summary>Key in <see cref="ModelSpec.Scores"/> of an appliance's mean in the training data, in watts.</summary>
    public static string TrainingMeanKey(int label) => $"{Appliances.Labels[label]}.training_mean";

    private static float TrainingMean(ModelSpec spec, int label) => (float)spec.Scores.GetValueOrDefault(TrainingMeanKey(label));

    private static Score ScoreOf(House house, int label, Func<int, float> watts)
    {
        var score = default(Score);
        var truth = house.Truth[label]!;
        for (var minute = 0; minute < truth.Length; minute++)
        {
            if (!float.IsNaN(truth[minute])) score.Add(watts(minute), truth[minute], Appliances.Thresholds[label]);
        }
        return score;
    }
}
