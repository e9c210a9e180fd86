using System.Numerics.Tensors;
using App.Signs.Fingerspelling;

namespace App.Training.Hands;

/// <summary>The network that tells letters apart: <see cref="HandFeatures"/> through two hidden layers to one logit a letter.</summary>
internal static class LetterNetwork
{
    private const float Dropout = 0.2f;
    private const int Batch = 256;
    private static readonly int[] Hidden = [256, 128];

    /// <summary>A network with fresh parameters.</summary>
    public static Network Create(int seed)
    {
        var first = new Layer(1, HandFeatures.Size, 1, 1, Hidden[0], Relu: true, Dropout);
        var second = first.ThenDense(Hidden[1], relu: true, Dropout);
        return new Network([first, second, second.ThenDense(Alphabet.Count, relu: false)], seed);
    }

    /// <summary>Logits of every frame, <see cref="Alphabet.Count"/> a frame.</summary>
    public static float[] Logits(Network network, LabelledFrames frames)
    {
        var logits = new float[frames.Count * Alphabet.Count];
        Parallel.For(0, (frames.Count + Batch - 1) / Batch, () => new Workspace(network, Batch, seed: 0), (chunk, _, work) =>
        {
            var first = chunk * Batch;
            var rows = Math.Min(Batch, frames.Count - first);
            for (var row = 0; row < rows; row++)
                HandFeatures.Fill(frames.Frame(first + row), work.Input.Slice(row * HandFeatures.Size, HandFeatures.Size));
            network.Forward(work, rows, training: false);
            work.Output[..(rows * Alphabet.Count)].CopyTo(logits.AsSpan(first * Alphabet.Count));
            return work;
        }, _ => { });
        return logits;
    }

    /// <summary>
    /// Cross-entropy of a frame with the truth smoothed (Szegedy et al. 2016, arXiv:1512.00567): the letter has
    /// 1 - <paramref name="smoothing"/>, and all share the rest.
    /// </summary>
    /// <param name="logits">Output of the network.</param>
    /// <param name="letter">The truth.</param>
    /// <param name="smoothing">From 0 to 1.</param>
    /// <param name="gradient">Receives the gradient by the logits.</param>
    public static double Loss(ReadOnlySpan<float> logits, int letter, float smoothing, Span<float> gradient)
    {
        var largest = TensorPrimitives.Max(logits);
        TensorPrimitives.Subtract(logits, largest, gradient);
        TensorPrimitives.Exp(gradient, gradient);
        var sum = TensorPrimitives.Sum<float>(gradient);
        TensorPrimitives.Divide(gradient, sum, gradient);
        var log = largest + Math.Log(sum);
        var loss = 0.0;
        for (var i = 0; i < logits.Length; i++)
        {
            var truth = (smoothing / logits.Length) + (i == letter ? 1 - smoothing : 0);
            loss += truth * (log - logits[i]);
            gradient[i] -= truth;
        }
        return loss;
    }
}
