using App.Signs.Fingerspelling;

namespace App.Training.Hands;

/// <summary>Trains the network of letters by <see cref="Descent"/>, on frames that are varied anew each time they are drawn.</summary>
internal static class LetterTrainer
{
    private const float Rate = 2e-3f;
    private const float Smoothing = 0.05f;

    /// <summary>Trains on sets of frames.</summary>
    /// <param name="mixture">What is drawn from.</param>
    /// <param name="plan">How long, from which seed.</param>
    /// <param name="progress">Told the step and the mean loss of the steps since the last time, a hundred times in all.</param>
    /// <param name="cancellation">Stops it between two steps.</param>
    public static Network Train(FrameMixture mixture, TrainingPlan plan, Action<int, double> progress, CancellationToken cancellation)
    {
        var network = LetterNetwork.Create(plan.Seed);
        Descent.Run(network, plan, Rate, work => Accumulate(network, mixture, work), progress, cancellation);
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
