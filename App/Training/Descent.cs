namespace App.Training;

/// <summary>How long and from which seed a network is trained.</summary>
/// <param name="Steps">Batches.</param>
/// <param name="Seed">Seed of the parameters and of every draw.</param>
/// <param name="Batch">Examples of a batch, a multiple of <see cref="Descent.Shares"/>.</param>
internal sealed record TrainingPlan(int Steps, int Seed, int Batch = 256);

/// <summary>
/// Trains a network with <see cref="Adam"/> under a learning rate that falls like a cosine. Every batch is done in a
/// fixed number of shares, each with its own source of chance, so that the result does not depend on the number of cores.
/// </summary>
internal static class Descent
{
    /// <summary>Shares of a batch that are done side by side.</summary>
    public const int Shares = 4;

    private const float LastRate = 1e-5f;
    private const int Reports = 100;

    /// <summary>Carries out a plan.</summary>
    /// <param name="network">What is trained.</param>
    /// <param name="plan">How long, from which seed.</param>
    /// <param name="firstRate">Learning rate of the first step.</param>
    /// <param name="accumulate">Draws a share of the batch, adds its gradient and answers its loss.</param>
    /// <param name="progress">Told the step and the mean loss of the steps since the last time, a hundred times in all.</param>
    /// <param name="cancellation">Stops it between two steps.</param>
    public static void Run(
        Network network, TrainingPlan plan, float firstRate, Func<Workspace, double> accumulate, Action<int, double> progress,
        CancellationToken cancellation)
    {
        var adam = new Adam(network.Parameters);
        var shares = Enumerable.Range(0, Shares)
            .Select(i => new Workspace(network, plan.Batch / Shares, (plan.Seed * Shares) + i + 1)).ToList();
        var gradients = shares.Select(share => share.Gradient).ToList();
        var losses = new double[Shares];
        var report = Math.Max(1, plan.Steps / Reports);
        for (var step = 1; step <= plan.Steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            Parallel.For(0, Shares, i => losses[i] += accumulate(shares[i]));
            var rate = LastRate + (firstRate * 0.5f * (1 + MathF.Cos(MathF.PI * step / plan.Steps)));
            adam.Step(gradients, rate, 1f / plan.Batch);
            if (step % report != 0) continue;
            progress(step, losses.Sum() / report / plan.Batch);
            Array.Clear(losses);
        }
    }
}
