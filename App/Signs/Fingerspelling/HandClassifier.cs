using System.Numerics.Tensors;
using App.Engines.Models;

namespace App.Signs.Fingerspelling;

/// <summary>
/// Runs a model of the task <see cref="LetterModel"/> on up to <see cref="Capacity"/> frames at once. Once every number of
/// frames has been run, a run allocates nothing. For one thread at a time; the model must outlive it.
/// </summary>
internal sealed class HandClassifier(OnnxModel model, int capacity = 1) : IDisposable
{
    private readonly BoundModel?[] runs = new BoundModel?[capacity];
    private readonly float[] frames = new float[capacity * Landmarks.Size];
    private readonly float[] thresholds = [.. model.Spec.Thresholds];
    private readonly bool answersLogits = model.Spec.Unit == LetterModel.Logit;
    private BoundModel? last;

    /// <summary>Frames of the largest run.</summary>
    public int Capacity => capacity;

    /// <summary>Where the landmarks of all frames go before a run.</summary>
    public Span<float> Frames => frames;

    /// <summary>Where the landmarks of a frame go before a run.</summary>
    /// <param name="row">From 0 to <see cref="Capacity"/> - 1.</param>
    public Span<float> Frame(int row) => frames.AsSpan(row * Landmarks.Size, Landmarks.Size);

    /// <summary>Probabilities of the letters, of a frame of the last run.</summary>
    public ReadOnlySpan<float> Probabilities(int row) => last!.Output.AsSpan(row * Alphabet.Count, Alphabet.Count);

    /// <summary>What the last run says of a frame.</summary>
    public LetterGuess Guess(int row) => GuessOf(Probabilities(row), thresholds);

    /// <summary>What probabilities come to.</summary>
    public static LetterGuess GuessOf(ReadOnlySpan<float> probabilities, IReadOnlyList<float> thresholds)
    {
        var best = TensorPrimitives.IndexOfMax(probabilities);
        // A foreign model may answer anything: what is no number is no letter.
        var confidence = best >= 0 && float.IsFinite(probabilities[best]) ? Math.Clamp(probabilities[best], 0, 1) : 0;
        best = Math.Max(0, best);
        return new(best, confidence, confidence > 0 && (thresholds.Count == 0 || confidence >= thresholds[best]));
    }

    /// <summary>Runs the first frames.</summary>
    public void Run(int rows)
    {
        last = runs[rows - 1] ??= model.Bind(rows);
        frames.AsSpan(0, rows * Landmarks.Size).CopyTo(last.Input);
        last.Run();
        if (!answersLogits) return;
        for (var row = 0; row < rows; row++) ToProbabilities(last.Output.AsSpan(row * Alphabet.Count, Alphabet.Count));
    }

    /// <summary>Turns logits into probabilities, in place.</summary>
    public static void ToProbabilities(Span<float> logits)
    {
        // From zero down, so that no exponential is too large.
        TensorPrimitives.Subtract(logits, TensorPrimitives.Max<float>(logits), logits);
        TensorPrimitives.SoftMax(logits, logits);
    }

    /// <summary>One frame: raw landmarks in, a letter or none out.</summary>
    public LetterGuess Classify(ReadOnlySpan<float> landmarks)
    {
        landmarks.CopyTo(Frame(0));
        Run(1);
        return Guess(0);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var run in runs) run?.Dispose();
    }
}
