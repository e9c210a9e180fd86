using App.Energy.Disaggregation;
using App.Engines.Models;
using App.Platform.Commands;

namespace App.Training;

/// <summary>From houses to a model with its gates, scores and spec.</summary>
internal static class DisaggregationTraining
{
    /// <summary>Trains, chooses the gates, writes the graph and scores it as it will be served.</summary>
    /// <param name="houses">To train on, and for gates and scores.</param>
    /// <param name="plan">How long each network is trained, from which seed the first; the others have the seeds behind it.</param>
    /// <param name="count">Networks whose answers are averaged, at least one.</param>
    /// <param name="progress">Told how it goes.</param>
    /// <param name="cancellation">Stops it.</param>
    public static TrainedModel Run(TrainingHouses houses, TrainingPlan plan, int count, CommandProgress progress,
        CancellationToken cancellation)
    {
        var networks = Enumerable.Range(0, count)
            .Select(i => DisaggregationTrainer.Train(houses.Training, plan with { Seed = plan.Seed + i },
            (step, loss) =>
                progress.Report(count > 1 ? $"steps of network {i + 1} of {count}" : "steps", step, plan.Steps, $"loss {loss:F4}"),
                cancellation)).ToList();
        var half = houses.Validation.Count / 2;
        var gates = Gates.Choose(networks, [.. houses.Validation.Take(half)]);
        progress.Say("gates " + string.Join(", ", Appliances.Labels.Zip(gates, (label, gate) => $"{label} {gate:F2}")));

        var artifact = DisaggregationGraph.Write(networks, gates);
        var spec = Spec(houses, plan, count);
        using var model = OnnxModel.Load(artifact, spec);
        var scores = Scores(model, houses.Validation.Skip(half));
        foreach (var (key, value) in scores.Where(score => score.Key.EndsWith(".f1", StringComparison.Ordinal)))
            progress.Say($"{key} {value:F3}");
        return new TrainedModel(artifact, spec with { Scores = scores });
    }

    private static ModelSpec Spec(TrainingHouses houses, TrainingPlan plan, int count) => new()
    {
        Name = ModelFile.Task,
        Input = new TensorSpec(DisaggregationGraph.Input, [-1, Minutes.Rows, DisaggregationNetwork.Window]),
        Output = new TensorSpec(DisaggregationGraph.Output, [-1, Appliances.Labels.Count]),
        SamplePeriodSeconds = DisaggregationNetwork.SamplePeriodSeconds,
        Window = DisaggregationNetwork.Window,
        TargetOffset = DisaggregationNetwork.TargetOffset,
        Unit = "W",
        Labels = Appliances.Labels,
        Thresholds = Appliances.Thresholds,
        TrainingSource = houses.Source,
        Seed = plan.Seed,
        Split = houses.Split,
        Note =
            $"Trained by: App train disaggregation {houses.Option} --seed {plan.Seed} --steps {plan.Steps}"
            + $"{(count > 1 ? $" --networks {count}" : "")} --out {ModelFile.Task}.onnx",
        Scores = TrainingMeans(houses.Training),
    };

    private static Dictionary<string, double> TrainingMeans(IReadOnlyList<House> houses) => Enumerable.Range(0, Appliances.Labels.Count)
        .ToDictionary(Evaluation.TrainingMeanKey, label => Math.Round(houses
            .SelectMany(house => house.Truth[label] ?? []).Where(float.IsFinite).DefaultIfEmpty().Average(watts => (double)watts), 3));

    private static Dictionary<string, double> Scores(OnnxModel model, IEnumerable<House> houses)
    {
        var scores = new Dictionary<string, double>(model.Spec.Scores);
        foreach (var appliance in houses.SelectMany(house => Evaluation.Score(model, house))
            .GroupBy(score => score.Label).OrderBy(group => group.Key))
        {
            Put("", appliance.Select(score => score.Model));
            Put(".zero", appliance.Select(score => score.Zero));
            Put(".mean", appliance.Select(score => score.TrainingMean));
            Put(".edge", appliance.Select(score => score.Edges));

            void Put(string suffix, IEnumerable<Score> parts)
            {
                var total = parts.Aggregate((a, b) => a + b);
                scores[$"{Appliances.Labels[appliance.Key]}.f1{suffix}"] = Math.Round(total.F1, 4);
                scores[$"{Appliances.Labels[appliance.Key]}.mae{suffix}"] = Math.Round(total.Mae, 3);
            }
        }
        return scores;
    }
}
