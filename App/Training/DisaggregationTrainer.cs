using App.Disaggregation;

namespace App.Training;

/// <summary>How long and from which seed a network is trained.</summary>
/// <param name="Steps">Batches.</param>
/// <param name="Seed">Seed of the parameters and of every draw.</param>
/// <param name="Batch">Windows of a batch, a multiple of <see cref="DisaggregationTrainer.Shares"/>.</param>
internal sealed record TrainingPlan(int Steps, int Seed, int Batch = 256);

/// <summary>
/// Trains the network with <see cref="Adam"/> under a learning rate that falls like a cosine. Every batch is done in a
/// fixed number of shares, each with its own source of chance, so that the result does not depend on the number of cores.
/// </summary>
internal static class DisaggregationTrainer
{
    /// <summary>Shares of a batch that are done side by side.</summary>
    public const int Shares = 4;

    private const float Rate = 1.5e-3f;
    private const float LastRate = 1e-5f;
    private const float LogitWeight = 0.5f;

    /// <summary>Trains on houses with truth.</summary>
    /// <param name="houses">At least one with some truth.</param>
    /// <param name="plan">How long, from which seed.</param>
    /// <param name="progress">Told the step and the mean loss of the steps since the last time, twenty times in all.</param>
    /// <param name="cancellation">Stops it between two steps.</param>
    public static Network Train(IReadOnlyList<House> houses, TrainingPlan plan, Action<int, double> progress, CancellationToken cancellation)
    {
        var network = DisaggregationNetwork.Create(plan.Seed);
        var sampler = new WindowSampler(houses);
        var adam = new Adam(network.Parameters);
        var shares = Enumerable.Range(0, Shares).Select(i => new Workspace(network, plan.Batch / Shares, (plan.Seed * Shares) + i + 1)).ToList();
        var gradients = shares.Select(share => share.Gradient).ToList();
        var losses = new double[Shares];
        var report = Math.Max(1, plan.Steps / 20);
        for (var step = 1; step <= plan.Steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            Parallel.For(0, Shares, i => losses[i] += Accumulate(network, sampler, shares[i]));
            var rate = LastRate + (Rate * 0.5f * (1 + MathF.Cos(MathF.PI * step / plan.Steps)));
            adam.Step(gradients, rate, 1f / plan.Batch);
            if (step % report != 0) continue;
            progress(step, losses.Sum() / report / plan.Batch);
            Array.Clear(losses);
        }
        return network;
    }

    /// <summary>Draws a share of the batch, adds its gradient and answers its loss.</summary>
    private static double Accumulate(Network network, WindowSampler sampler, Workspace work)
    {
        var labels = Appliances.Labels.Count;
        Span<float> truth = stackalloc float[work.Capacity * labels];
        for (var i = 0; i < work.Capacity; i++)
        {
            sampler.Draw(work.Input.Slice(i * DisaggregationNetwork.InputSize, DisaggregationNetwork.InputSize), truth.Slice(i * labels, labels), work.Random);
        }
        network.Forward(work, work.Capacity, training: true);
        var loss = 0.0;
        for (var i = 0; i < work.Capacity; i++)
            loss += Loss(work.Output.Slice(i * 2 * labels, 2 * labels), truth.Slice(i * labels, labels), work.Deltas[^1].AsSpan(i * 2 * labels));
        network.Backward(work, work.Capacity);
        return loss;
    }

    /// <summary>Squared error of the scaled watts and cross-entropy of the logits, summed over the appliances whose truth is known.</summary>
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
