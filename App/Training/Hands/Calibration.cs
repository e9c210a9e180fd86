using System.Numerics.Tensors;
using App.Signs.Fingerspelling;

namespace App.Training.Hands;

/// <summary>Makes confidence mean what it says, on frames of people that the network has not seen.</summary>
/// <param name="Temperature">What logits are divided by (Guo et al. 2017, arXiv:1706.04599).</param>
/// <param name="Threshold">Confidence under which there is no letter.</param>
internal sealed record Calibration(float Temperature, float Threshold)
{
    private const double WantedAccuracy = 0.9;
    private const float LeastThreshold = 0.3f;
    private const float MostThreshold = 0.9f;
    private const float ThresholdStep = 0.05f;

    /// <summary>
    /// The temperature under which the truth is likeliest, and the lowest threshold over which nine letters of ten are right
    /// (at most <see cref="MostThreshold"/>).
    /// </summary>
    /// <param name="logits">Output of the network, a row a frame.</param>
    /// <param name="letters">The truth.</param>
    public static Calibration Fit(float[] logits, IReadOnlyList<int> letters)
    {
        var temperature = BestTemperature(logits, letters);
        var answers = Answers(logits, letters, temperature);
        var threshold = LeastThreshold;
        while (threshold < MostThreshold && !IsReliable(answers, threshold)) threshold += ThresholdStep;
        return new(temperature, MathF.Round(threshold, 2));
    }

    /// <summary>Counts the answers that logits become.</summary>
    public void Count(float[] logits, IReadOnlyList<int> letters, LetterTally tally)
    {
        Span<float> probabilities = stackalloc float[Alphabet.Count];
        for (var i = 0; i < letters.Count; i++)
        {
            Probabilities(logits, i, Temperature, probabilities);
            var best = TensorPrimitives.IndexOfMax<float>(probabilities);
            tally.Add(letters[i], new(best, probabilities[best], probabilities[best] >= Threshold));
        }
    }

    /// <summary>Golden-section search over the logarithm: the loss has one minimum.</summary>
    private static float BestTemperature(float[] logits, IReadOnlyList<int> letters)
    {
        const double Golden = 0.618;
        var (low, high) = (Math.Log(0.2), Math.Log(10));
        for (var i = 0; i < 20; i++)
        {
            var (left, right) = (high - (Golden * (high - low)), low + (Golden * (high - low)));
            if (Loss(logits, letters, Math.Exp(left)) < Loss(logits, letters, Math.Exp(right))) high = right;
            else low = left;
        }
        return (float)Math.Exp((low + high) / 2);
    }

    private static double Loss(float[] logits, IReadOnlyList<int> letters, double temperature)
    {
        Span<float> probabilities = stackalloc float[Alphabet.Count];
        var loss = 0.0;
        for (var i = 0; i < letters.Count; i++)
        {
            Probabilities(logits, i, (float)temperature, probabilities);
            loss -= Math.Log(Math.Max(probabilities[letters[i]], 1e-12));
        }
        return loss;
    }

    private static List<(float Confidence, bool Right)> Answers(float[] logits, IReadOnlyList<int> letters, float temperature)
    {
        var answers = new List<(float, bool)>(letters.Count);
        Span<float> probabilities = stackalloc float[Alphabet.Count];
        for (var i = 0; i < letters.Count; i++)
        {
            Probabilities(logits, i, temperature, probabilities);
            var best = TensorPrimitives.IndexOfMax<float>(probabilities);
            answers.Add((probabilities[best], best == letters[i]));
        }
        return answers;
    }

    private static bool IsReliable(List<(float Confidence, bool Right)> answers, float threshold)
    {
        var named = answers.Where(answer => answer.Confidence >= threshold).ToList();
        return named.Count > 0 && named.Count(answer => answer.Right) >= WantedAccuracy * named.Count;
    }

    private static void Probabilities(float[] logits, int row, float temperature, Span<float> probabilities)
    {
        TensorPrimitives.Divide(logits.AsSpan(row * Alphabet.Count, Alphabet.Count), temperature, probabilities);
        TensorPrimitives.Subtract(probabilities, TensorPrimitives.Max<float>(probabilities), probabilities);
        TensorPrimitives.SoftMax(probabilities, probabilities);
    }
}
