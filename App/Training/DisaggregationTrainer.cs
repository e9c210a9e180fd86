using App.Energy.Disaggregation;

namespace App.Training;

/// <summary>Trains the network of appliances by <see cref="Descent"/>.</summary>
internal static class DisaggregationTrainer
{
    private const float Rate = 2e-3f;
    private const float LogitWeight = 0.5f;

    /// <summary>Trains on houses with truth.</summary>
    /// <param name="houses">At least one with some truth.</param>
    /// <param name="plan">How long, from which seed.</param>
    /// <param name="progress">Told the step and the mean loss of the steps since the last time, a hundred times in all.</param>
    /// <param name="cancellation">Stops it between two steps.</param>
    public static Network Train(IReadOnlyList<House> houses, TrainingPlan plan, Action<int, double> progress,
        CancellationToken cancellation)
    {
        var network = DisaggregationNetwork.Create(plan.Seed);
        var sampler = new WindowSampler(houses);
        Descent.Run(network, plan, Rate, work => Accumulate(network, sampler, work), progress, cancellation);
        return network;
    }

    /// <summary>Draws a share of the batch, adds its gradient and answers its loss.</summary>
    private static double Accumulate(Network network, WindowSampler sampler, Workspace work)
    {
        var labels = Appliances.Labels.Count;
        Span<float> truth = stackalloc float[work.Capacity * labels];
        for (var i = 0; i < work.Capacity; i++)
        {
            sampler.Draw(work.Input.Slice(i * DisaggregationNetwork.InputSize, DisaggregationNetwork.InputSize),
                truth.Slice(i * labels, labels), work.Random);
        }
        network.Forward(work, work.Capacity, training: true);
        var loss = 0.0;
        for (var i = 0; i < work.Capacity; i++)
            loss += Loss(work.Output.Slice(i * 2 * labels, 2 * labels), truth.Slice(i * labels, labels),
                work.Deltas[^1].AsSpan(i * 2 * labels));
        network.Backward(work, work.Capacity);
        return loss;
    }

    /// <summary>
    /// Squared error of the scaled watts and cross-entropy of the logits, summed over the appliances whose truth is known.
    /// </summary>
    /// <param name="output">Output of the network for one window.</param>
    /// <param name="truth">Watts of each appliance; NaN counts for nothing.</param>
    /// <param name="gradient">Receives the gradient by the output.</param>
    public static double Loss(ReadOnlySpan<float> output, ReadOnlySpan<float> truth, Span<float> gradient)
    {
        var loss = 0.0;
        var labels = truth.Length;
        for (var label = 0; label < labels; label++)
        {
            gradient[label] = gradient[labels + label] = 0;
            if (float.IsNaN(truth[label])) continue;
            var error = output[label] - (truth[label] / DisaggregationNetwork.PowerScales[label]);
            var probability = DisaggregationNetwork.Probability(output[labels + label]);
            var on = truth[label] >= Appliances.Thresholds[label];
            gradient[label] = 2 * error;
            gradient[labels + label] = LogitWeight * (probability - (on ? 1 : 0));
            loss += (error * error) - (LogitWeight * Math.Log(Math.Max(1e-7, on ? probability : 1 - probability)));
        }
        return loss;
    }
}
