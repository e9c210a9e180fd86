using App.Training;

namespace App.Tests.Training;

public sealed class NetworkTests
{
    [Fact]
    public void Gradients_agree_with_finite_differences()
    {
        var first = new Layer(23, 1, 5, 1, 16, Relu: true, Dropout: 0);
        var second = first.Then(4, 2, 19);
        var third = second.ThenDense(16, relu: true);
        var network = new Network([first, second, third, third.ThenDense(3, relu: false)], seed: 5);
        var random = new Random(7);
        foreach (ref var parameter in network.Parameters.AsSpan()) parameter += 0.05f * (float)random.NextGaussian();
        const int Samples = 3;
        var work = new Workspace(network, Samples, seed: 1);
        foreach (ref var value in work.Input) value = (float)random.NextGaussian();
        var direction = Enumerable.Range(0, Samples * 3).Select(_ => (float)random.NextGaussian()).ToArray();

        network.Forward(work, Samples, training: true);
        direction.CopyTo(work.Deltas[^1], 0);
        network.Backward(work, Samples);

        double Loss()
        {
            network.Forward(work, Samples, training: false);
            return direction.Select((d, i) => (double)d * work.Output[i]).Sum();
        }

        var worst = 0.0;
        for (var i = 0; i < network.Parameters.Length; i += 1 + random.Next(11))
        {
            const float Step = 2e-3f;
            var kept = network.Parameters[i];
            network.Parameters[i] = kept + Step;
            var above = Loss();
            network.Parameters[i] = kept - Step;
            var below = Loss();
            network.Parameters[i] = kept;
            var numeric = (above - below) / (2 * Step);
            worst = Math.Max(worst, Math.Abs(numeric - work.Gradient[i]) / (1 + Math.Abs(numeric)));
        }
        Assert.InRange(worst, 0, 0.02);
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(5, 10, 7)]
    [InlineData(9, 33, 4)]
    [InlineData(4, 16, 3)]
    public unsafe void A_product_adds_what_the_definition_says(int rows, int columns, int inner)
    {
        var random = new Random(rows);
        var a = Enumerable.Range(0, rows * inner).Select(_ => random.Next(-3, 4) * 1f).ToArray();
        var b = Enumerable.Range(0, inner * columns).Select(_ => random.Next(-3, 4) * 1f).ToArray();
        var c = Enumerable.Range(0, rows * columns).Select(i => i * 1f).ToArray();
        var expected =
            c.Select((value, at) =>
                value + Enumerable.Range(0, inner).Sum(p => a[(at / columns * inner) + p] * b[(p * columns) + (at % columns)])).ToArray();
        fixed (float* x = a, y = b, z = c) Matrix.MultiplyAdd(rows, columns, inner, x, inner, 1, y, columns, z, columns);
        Assert.Equal(expected, c);
    }

    [Fact]
    public void Adam_walks_to_the_minimum_of_a_bowl()
    {
        float[] parameters = [3, -2, 5, 1, 0, 7, -4, 2, 9, 1, -1];
        float[] minimum = [.. parameters.Select((_, i) => i / 2f)];
        var adam = new Adam(parameters);
        for (var step = 0; step < 4000; step++)
        {
            float[] first = [.. parameters.Select((p, i) => p - minimum[i])];
            float[] second = [.. first];
            adam.Step([first, second], 0.01f, 0.5f);
            Assert.All(first.Concat(second), gradient => Assert.Equal(0, gradient));
        }
        for (var i = 0; i < minimum.Length; i++) Assert.Equal(minimum[i], parameters[i], 0.01);
    }
}
