using System.Numerics;

namespace App.Training;

/// <summary>The optimiser of Kingma and Ba 2015 (arXiv:1412.6980) with its usual constants.</summary>
internal sealed class Adam(float[] parameters)
{
    private const float Beta1 = 0.9f;
    private const float Beta2 = 0.999f;
    private const float Epsilon = 1e-8f;

    private readonly float[] mean = new float[parameters.Length];
    private readonly float[] square = new float[parameters.Length];
    private int steps;

    /// <summary>Takes one step against the sum of the gradients, in the order given, and clears them.</summary>
    /// <param name="gradients">One per share of the batch, as long as the parameters.</param>
    /// <param name="rate">Learning rate.</param>
    /// <param name="scale">Factor on the sum, such as 1 / batch.</param>
    public void Step(IReadOnlyList<float[]> gradients, float rate, float scale)
    {
        steps++;
        var meanCorrection = rate / (1 - MathF.Pow(Beta1, steps));
        var squareCorrection = 1 / (1 - MathF.Pow(Beta2, steps));
        for (var k = 1; k < gradients.Count; k++)
            System.Numerics.Tensors.TensorPrimitives.Add(gradients[0], gradients[k], gradients[0]);

        var total = gradients[0];
        var i = 0;
        for (; i + Vector<float>.Count <= parameters.Length; i += Vector<float>.Count)
        {
            var g = new Vector<float>(total, i) * scale;
            var m = (new Vector<float>(mean, i) * Beta1) + (g * (1 - Beta1));
            var v = (new Vector<float>(square, i) * Beta2) + (g * g * (1 - Beta2));
            m.CopyTo(mean, i);
            v.CopyTo(square, i);
            var step = m * meanCorrection / (Vector.SquareRoot(v * squareCorrection) + new Vector<float>(Epsilon));
            (new Vector<float>(parameters, i) - step).CopyTo(parameters, i);
        }
        for (; i < parameters.Length; i++)
        {
            var g = total[i] * scale;
            mean[i] = (mean[i] * Beta1) + (g * (1 - Beta1));
            square[i] = (square[i] * Beta2) + (g * g * (1 - Beta2));
            parameters[i] -= mean[i] * meanCorrection / (MathF.Sqrt(square[i] * squareCorrection) + Epsilon);
        }
        foreach (var gradient in gradients) Array.Clear(gradient);
    }
}
