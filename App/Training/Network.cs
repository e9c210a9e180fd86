using System.Numerics;
using System.Numerics.Tensors;

namespace App.Training;

/// <summary>A chain of <see cref="Layer"/>s with its parameters: forward, and backward by the chain rule.</summary>
internal sealed unsafe class Network
{
    private readonly int[] offsets;

    /// <summary>
    /// Draws the parameters as He et al. 2015 (arXiv:1502.01852): normal with variance 2 / fan-in, half of that deviation without ReLU.
    /// </summary>
    public Network(IReadOnlyList<Layer> layers, int seed)
    {
        Layers = layers;
        offsets = new int[layers.Count];
        for (var i = 1; i < layers.Count; i++) offsets[i] = offsets[i - 1] + layers[i - 1].ParameterCount;
        Parameters = new float[layers.Sum(layer => layer.ParameterCount)];
        var random = new Random(seed);
        for (var i = 0; i < layers.Count; i++)
        {
            var deviation = Math.Sqrt(2.0 / layers[i].Fan) * (layers[i].Relu ? 1 : 0.5);
            foreach (ref var weight in Parameters.AsSpan(offsets[i], layers[i].Fan * layers[i].OutChannels))
                weight = (float)(deviation * random.NextGaussian());
        }
    }

    /// <summary>The layers, input first.</summary>
    public IReadOnlyList<Layer> Layers { get; }

    /// <summary>Per layer the weights [fan, out channels], then the biases.</summary>
    public float[] Parameters { get; }

    /// <summary>Weights of one layer, [kernel position, in channel, out channel].</summary>
    public ReadOnlySpan<float> Weights(int layer) => Parameters.AsSpan(offsets[layer], Layers[layer].Fan * Layers[layer].OutChannels);

    /// <summary>Biases of one layer.</summary>
    public ReadOnlySpan<float> Biases(int layer) =>
        Parameters.AsSpan(offsets[layer] + (Layers[layer].Fan * Layers[layer].OutChannels), Layers[layer].OutChannels);

    /// <summary>Fills the activations from <see cref="Workspace.Input"/> on.</summary>
    /// <param name="work">Holds the input, receives the rest.</param>
    /// <param name="samples">Rows of the input that count.</param>
    /// <param name="training">Whether outputs drop out.</param>
    public void Forward(Workspace work, int samples, bool training)
    {
        for (var i = 0; i < Layers.Count; i++)
        {
            var layer = Layers[i];
            var output = work.Activations[i + 1].AsSpan(0, samples * layer.OutSize);
            var biases = Biases(i);
            for (var row = 0; row < output.Length; row += layer.OutChannels) biases.CopyTo(output[row..]);
            fixed (float* x = work.Activations[i], y = output, w = Weights(i))
            {
                if (layer.OutLength == 1)
                {
                    Matrix.MultiplyAdd(samples, layer.OutChannels, layer.Fan, x, layer.InSize, 1, w, layer.OutChannels, y,
                        layer.OutChannels);
                }
                else
                {
                    for (var s = 0; s < samples; s++)
                    {
                        Matrix.MultiplyAdd(layer.OutLength, layer.OutChannels, layer.Fan, x + ((long)s * layer.InSize),
                            layer.Stride * layer.InChannels, 1,
                            w, layer.OutChannels, y + ((long)s * layer.OutSize), layer.OutChannels);
                    }
                }
            }
            if (layer.Relu) TensorPrimitives.Max(output, 0f, output);
            if (training && layer.Dropout > 0) Drop(output, layer.Dropout, work.Random);
        }
    }

    /// <summary>
    /// Adds to <see cref="Workspace.Gradient"/> from the last of <see cref="Workspace.Deltas"/> backwards; follows a <see cref="Forward"/>
    /// in training.
    /// </summary>
    public void Backward(Workspace work, int samples)
    {
        for (var i = Layers.Count - 1; i >= 0; i--)
        {
            var layer = Layers[i];
            var output = work.Activations[i + 1].AsSpan(0, samples * layer.OutSize);
            var delta = work.Deltas[i + 1].AsSpan(0, output.Length);
            Mask(delta, output, layer);
            fixed (float* x = work.Activations[i], dy = delta, dx = work.Deltas[i], gradient = work.Gradient, turned = work.Transposed)
            {
                var g = gradient + offsets[i];
                AddRows(dy, samples * layer.OutLength, layer.OutChannels, g + ((long)layer.Fan * layer.OutChannels));
                if (layer.OutLength == 1)
                {
                    Matrix.MultiplyAdd(layer.Fan, layer.OutChannels, samples, x, 1, layer.InSize, dy, layer.OutChannels, g,
                        layer.OutChannels);
                }
                else
                {
                    for (var s = 0; s < samples; s++)
                    {
                        Matrix.MultiplyAdd(layer.Fan, layer.OutChannels, layer.OutLength, x + ((long)s * layer.InSize), 1,
                            layer.Stride * layer.InChannels,
                            dy + ((long)s * layer.OutSize), layer.OutChannels, g, layer.OutChannels);
                    }
                }
                if (i == 0) continue;
                Transpose(Weights(i), layer.OutChannels, turned);
                work.Deltas[i].AsSpan(0, samples * layer.InSize).Clear();
                BackwardInput(layer, samples, dy, turned, dx);
            }
        }
    }

    /// <summary>Gradient by the input. Kernels overlap, so outputs are taken in groups that are far enough apart not to.</summary>
    private static void BackwardInput(Layer layer, int samples, float* dy, float* turned, float* dx)
    {
        if (layer.OutLength == 1)
        {
            Matrix.MultiplyAdd(samples, layer.Fan, layer.OutChannels, dy, layer.OutChannels, 1, turned, layer.Fan, dx, layer.InSize);
            return;
        }
        var apart = (layer.Kernel + layer.Stride - 1) / layer.Stride;
        for (var s = 0; s < samples; s++)
        {
            for (var first = 0; first < Math.Min(apart, layer.OutLength); first++)
            {
                Matrix.MultiplyAdd((layer.OutLength - first + apart - 1) / apart, layer.Fan, layer.OutChannels,
                    dy + ((long)s * layer.OutSize) + ((long)first * layer.OutChannels), apart * layer.OutChannels, 1, turned, layer.Fan,
                    dx + ((long)s * layer.InSize) + ((long)first * layer.Stride * layer.InChannels),
                    apart * layer.Stride * layer.InChannels);
            }
        }
    }

    private static void Drop(Span<float> output, float share, Random random)
    {
        foreach (ref var value in output) value = random.NextSingle() < share ? 0 : value / (1 - share);
    }

    /// <summary>Silences the gradient where the output was silent, by ReLU or by dropout (which stands only behind a ReLU).</summary>
    private static void Mask(Span<float> delta, ReadOnlySpan<float> output, Layer layer)
    {
        if (!layer.Relu) return;
        var scale = 1 / (1 - layer.Dropout);
        var i = 0;
        for (; i + Vector<float>.Count <= delta.Length; i += Vector<float>.Count)
        {
            var active = Vector.GreaterThan(new Vector<float>(output[i..]), Vector<float>.Zero);
            Vector.ConditionalSelect(active, new Vector<float>(delta[i..]) * scale, Vector<float>.Zero).CopyTo(delta[i..]);
        }
        for (; i < delta.Length; i++) delta[i] = output[i] > 0 ? delta[i] * scale : 0;
    }

    private static void AddRows(float* rows, int count, int width, float* sum)
    {
        var total = new Span<float>(sum, width);
        for (var r = 0; r < count; r++) TensorPrimitives.Add(total, new ReadOnlySpan<float>(rows + ((long)r * width), width), total);
    }

    private static void Transpose(ReadOnlySpan<float> weights, int columns, float* turned)
    {
        var rows = weights.Length / columns;
        for (var i = 0; i < rows; i++)
        {
            for (var j = 0; j < columns; j++) turned[((long)j * rows) + i] = weights[(i * columns) + j];
        }
    }
}
