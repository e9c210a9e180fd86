using System.Numerics.Tensors;
using App.Energy.Disaggregation;

namespace App.Training;

/// <summary>Chooses, per appliance, the probability from which on it counts as on.</summary>
internal static class Gates
{
    private const float Unmeasured = 0.5f;
    private const double ErrorWeight = 0.5;
    private const double MostError = 2;
    private const double Found = 0.5;

    /// <summary>The probabilities that are tried.</summary>
    public static IReadOnlyList<float> Candidates { get; } = [.. Enumerable.Range(2, 35).Select(step => step * 0.025f)];

    /// <summary>The best gates by houses that were not trained on.</summary>
    /// <param name="networks">Their outputs are averaged.</param>
    /// <param name="houses">With truth.</param>
    public static float[] Choose(IReadOnlyList<Network> networks, IReadOnlyList<House> houses)
    {
        var labels = Appliances.Labels.Count;
        var scores = houses.AsParallel().AsOrdered().Select(house => Score(networks, house)).ToList();
        return [.. Enumerable.Range(0, labels).Select(label => Best(scores.Select(score => score[label])))];
    }

    /// <summary>
    /// The candidate with the highest F1, less half the relative error, in the mean over the houses that used the appliance.
    /// A house in which it is rare counts as much as one in which it runs all day, for the next house may be either. Houses
    /// in which no candidate finds it have no say, unless there are no others: they would lower the gate for next to nothing.
    /// </summary>
    /// <param name="houses">Per house one score for each of <see cref="Candidates"/>.</param>
    public static float Best(IEnumerable<IReadOnlyList<Score>> houses)
    {
        var users = houses.Where(scores => scores[0].TrueWatts > 0).ToList();
        if (users.Count == 0) return Unmeasured;
        var found = users.FindAll(scores => scores.Max(score => score.F1) >= Found);
        if (found.Count == 0) found = users;
        return Candidates.Index().MaxBy(candidate => found.Average(scores => Worth(scores[candidate.Index]))).Item;
    }

    private static double Worth(Score score) => score.F1 - (ErrorWeight * Math.Min(MostError, score.AbsoluteError / score.TrueWatts));

    /// <summary>Scores of one house by appliance and candidate.</summary>
    private static Score[][] Score(IReadOnlyList<Network> networks, House house)
    {
        const int Capacity = 256;
        var labels = Appliances.Labels.Count;
        var scores = Enumerable.Range(0, labels).Select(_ => new Score[Candidates.Count]).ToArray();
        var works = networks.Select(network => new Workspace(network, Capacity, seed: 0)).ToList();
        var answers = new float[Capacity * 2 * labels];
        Span<float> window = stackalloc float[DisaggregationNetwork.WindowSize];
        var minutes = Enumerable.Range(0, house.Mains.Length).Where(minute => !float.IsNaN(house.Mains[minute])).ToList();
        foreach (var chunk in minutes.Chunk(Capacity))
        {
            for (var row = 0; row < chunk.Length; row++)
            {
                Window.Fill(house.Minutes, chunk[row], DisaggregationNetwork.TargetOffset, DisaggregationNetwork.Window, window);
                DisaggregationNetwork.Normalise(window,
                    works[0].Input.Slice(row * DisaggregationNetwork.InputSize, DisaggregationNetwork.InputSize));
            }
            Array.Clear(answers);
            foreach (var (network, work) in networks.Zip(works))
            {
                if (work != works[0]) works[0].Input.CopyTo(work.Input);
                network.Forward(work, chunk.Length, training: false);
                TensorPrimitives.MultiplyAdd(work.Output, 1f / networks.Count, answers, answers);
            }
            for (var row = 0; row < chunk.Length; row++)
            {
                var output = answers.AsSpan(row * 2 * labels, 2 * labels);
                for (var label = 0; label < labels; label++)
                {
                    if (house.Truth[label]?[chunk[row]] is not { } truth || float.IsNaN(truth)) continue;
                    for (var i = 0; i < Candidates.Count; i++)
                        scores[label][i].Add(DisaggregationNetwork.Watts(output, label, Candidates[i], house.Mains[chunk[row]]), truth,
                            Appliances.Thresholds[label]);
                }
            }
        }
        return scores;
    }
}
