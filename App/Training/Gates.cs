using App.Disaggregation;

namespace App.Training;

/// <summary>Chooses, per appliance, the probability from which on it counts as on.</summary>
internal static class Gates
{
    private const float Unmeasured = 0.5f;

    private static readonly float[] Candidates = [0.1f, 0.15f, 0.2f, 0.25f, 0.3f, 0.35f, 0.4f, 0.45f, 0.5f, 0.55f, 0.6f, 0.65f, 0.7f, 0.75f, 0.8f, 0.85f, 0.9f];

    /// <summary>The gates that give the best F1 less relative error on houses that were not trained on.</summary>
    public static float[] Choose(Network network, IReadOnlyList<House> houses)
    {
        var labels = Appliances.Labels.Count;
        var scores = houses.AsParallel().AsOrdered().Select(house => Score(network, house)).ToList();
        return [.. Enumerable.Range(0, labels).Select(label => Best(scores.Select(score => score[label]).ToList()))];
    }

    private static float Best(List<Score[]> houses)
    {
        var totals = Candidates.Select((_, i) => houses.Aggregate(default(Score), (sum, scores) => sum + scores[i])).ToList();
        if (totals[0].TrueWatts == 0) return Unmeasured;
        var best = totals.MaxBy(total => total.F1 - (total.AbsoluteError / total.TrueWatts));
        return Candidates[totals.IndexOf(best)];
    }

    /// <summary>Scores of one house by appliance and candidate.</summary>
    private static Score[][] Score(Network network, House house)
    {
        const int Capacity = 256;
        var labels = Appliances.Labels.Count;
        var scores = Enumerable.Range(0, labels).Select(_ => new Score[Candidates.Length]).ToArray();
        var work = new Workspace(network, Capacity, seed: 0);
        Span<float> window = stackalloc float[DisaggregationNetwork.Window];
        var minutes = Enumerable.Range(0, house.Mains.Length).Where(minute => !float.IsNaN(house.Mains[minute])).ToList();
        foreach (var chunk in minutes.Chunk(Capacity))
        {
            for (var row = 0; row < chunk.Length; row++)
            {
                Window.Fill(house.Mains, chunk[row], DisaggregationNetwork.TargetOffset, window);
                DisaggregationNetwork.Normalise(window, work.Input.Slice(row * DisaggregationNetwork.InputSize, DisaggregationNetwork.InputSize));
            }
            network.Forward(work, chunk.Length, training: false);
            for (var row = 0; row < chunk.Length; row++)
            {
                var output = work.Output.Slice(row * 2 * labels, 2 * labels);
                for (var label = 0; label < labels; label++)
                {
                    if (house.Truth[label]?[chunk[row]] is not { } truth || float.IsNaN(truth)) continue;
                    for (var i = 0; i < Candidates.Length; i++)
                        scores[label][i].Add(DisaggregationNetwork.Watts(output, label, Candidates[i], house.Mains[chunk[row]]), truth, Appliances.Thresholds[label]);
                }
            }
        }
        return scores;
    }
}
