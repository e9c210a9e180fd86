using App.Fingerspelling;

namespace App.Training.Hands;

/// <summary>
/// Trains the network with <see cref="Adam"/> under a learning rate that falls like a cosine, on frames that are varied anew
/// each time they are drawn. Every batch is done in a fixed number of shares, each with its own source of chance, so that the
/// result does not depend on the number of cores.
/// </summary>
internal static class LetterTrainer
{
    /// <summary>Shares of a batch that are done side by side.</summary>
    public const int Shares = 4;

    private const float Rate = 2e-3f;
    private const float LastRate = 1e-5f;
    private const float Smoothing = 0.05f;

    /// <summary>Trains on sets of frames.</summary>
    /// <param name="mixture">What is drawn from.</param>
    /// <param name="plan">How long, from which seed.</param>
    /// <param name="progress">Told the step and the mean loss of the steps since the last time, ten times in all.</param>
    /// <param name="cancellation">Stops it between two steps.</param>
    public static Network Train(FrameMixture mixture, TrainingPlan plan, Action<int, double> progress, CancellationToken cancellation)
    {
        var network = LetterNetwork.Create(plan.Seed);
        var adam = new Adam(network.Parameters);
        var shares = Enumerable.Range(0, Shares).Select(i => new Workspace(network, plan.Batch / Shares, (plan.Seed * Shares) + i + 1)).ToList();
        var gradients = shares.Select(share => share.Gradient).ToList();
        var losses = new double[Shares];
        var report = Math.Max(1, plan.Steps / 10);
        for (var step = 1; step <= plan.Steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            Parallel.For(0, Shares, i => losses[i] += Accumulate(network, mixture, shares[i]));
            var rate = LastRate + (Rate * 0.5f * (1 + MathF.Cos(MathF.PI * step / plan.Steps)));
            adam.Step(gradients, rate, 1f / plan.Batch);
            if (step % report != 0) continue;
            progress(step, losses.Sum() / report / plan.Batch);
            Array.Clear(losses);
        }
        return network;
    }

    /// <summary>Draws a share of the batch, adds its gradient and answers its loss.</summary>
    private static double Accumulate(Network network, FrameMixture mixture, Workspace work)
    {
        Span<float> frame = stackalloc float[Landmarks.Size];
        Span<int> letters = stackalloc int[work.Capacity];
        for (var row = 0; row < work.Capacity; row++)
        {
            letters[row] = mixture.Draw(frame, work.Random);
            HandAugmentation.Vary(frame, work.Random);
            HandFeatures.Fill(frame, work.Input.Slice(row * HandFeatures.Size, HandFeatures.Size));
        }
        network.Forward(work, work.Capacity, training: true);
        var loss = 0.0;
        for (var row = 0; row < work.Capacity; row++)
        {
            var span = (row * Alphabet.Count)..((row + 1) * Alphabet.Count);
            loss += LetterNetwork.Loss(work.Output[span], letters[row], Smoothing, work.Deltas[^1].AsSpan(span));
        }
        network.Backward(work, work.Capacity);
        return loss;
    }
}
