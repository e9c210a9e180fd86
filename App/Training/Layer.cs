namespace App.Training;

/// <summary>
/// A one-dimensional convolution without padding over samples laid out position by position, channels together. A dense
/// layer is one whose kernel spans the whole input.
/// </summary>
/// <param name="InLength">Positions of the input.</param>
/// <param name="InChannels">Channels of the input.</param>
/// <param name="Kernel">Positions that one output sees.</param>
/// <param name="Stride">Positions from one output to the next.</param>
/// <param name="OutChannels">Channels of the output.</param>
/// <param name="Relu">Whether negative outputs become zero.</param>
/// <param name="Dropout">Share of the outputs that are silenced while training.</param>
internal sealed record Layer(int InLength, int InChannels, int Kernel, int Stride, int OutChannels, bool Relu, float Dropout)
{
    /// <summary>Positions of the output.</summary>
    public int OutLength => ((InLength - Kernel) / Stride) + 1;

    /// <summary>Floats of one input sample.</summary>
    public int InSize => InLength * InChannels;

    /// <summary>Floats of one output sample.</summary>
    public int OutSize => OutLength * OutChannels;

    /// <summary>Floats under one kernel: rows of the weight matrix, whose columns are the output channels.</summary>
    public int Fan => Kernel * InChannels;

    /// <summary>Weights and biases.</summary>
    public int ParameterCount => (Fan + 1) * OutChannels;

    /// <summary>The layer behind this one.</summary>
    public Layer Then(int kernel, int stride, int channels) =>
        new(OutLength, OutChannels, kernel, stride, channels, Relu: true, Dropout: 0);

    /// <summary>A dense layer behind this one.</summary>
    public Layer ThenDense(int outputs, bool relu, float dropout = 0) => new(OutLength, OutChannels, OutLength, 1, outputs, relu, dropout);
}
