namespace App.Training;

/// <summary>Buffers of one thread's share of a batch: activations, their gradients, and the gradient of the parameters.</summary>
internal sealed class Workspace
{
    /// <summary>Makes room for <paramref name="capacity"/> samples.</summary>
    public Workspace(Network network, int capacity, int seed)
    {
        Capacity = capacity;
        Random = new Random(seed);
        Activations = [.. Sizes(network).Select(size => new float[size * capacity])];
        Deltas = [.. Sizes(network).Select(size => new float[size * capacity])];
        Gradient = new float[network.Parameters.Length];
        Transposed = new float[network.Layers.Max(layer => layer.Fan * layer.OutChannels)];
    }

    /// <summary>Samples that fit.</summary>
    public int Capacity { get; }

    /// <summary>Source of this share's chance.</summary>
    public Random Random { get; }

    /// <summary>Input of the network, then the output of every layer.</summary>
    public float[][] Activations { get; }

    /// <summary>Gradient of the loss by each of <see cref="Activations"/>.</summary>
    public float[][] Deltas { get; }

    /// <summary>Gradient of the loss by the parameters, summed over the samples.</summary>
    public float[] Gradient { get; }

    /// <summary>Room for a layer's weights turned round.</summary>
    public float[] Transposed { get; }

    /// <summary>Input of the network, row by row.</summary>
    public Span<float> Input => Activations[0];

    /// <summary>Output of the network, row by row.</summary>
    public Span<float> Output => Activations[^1];

    private static IEnumerable<int> Sizes(Network network) =>
        network.Layers.Select(layer => layer.OutSize).Prepend(network.Layers[0].InSize);
}
