using App.Energy.Disaggregation;

namespace App.Training;

/// <summary>
/// The network that splits the mains: sequence to point (Zhang et al. 2018, arXiv:1612.09106) with a second output per
/// appliance that says how likely it is on. Its first outputs are watts over <see cref="PowerScales"/>, the rest logits.
/// </summary>
internal static class DisaggregationNetwork
{
    /// <summary>Minutes of the window.</summary>
    public const int Window = 131;

    /// <summary>Index of the target in the window: 65 minutes on either side.</summary>
    public const int TargetOffset = 65;

    /// <summary>Seconds from one value to the next.</summary>
    public const int SamplePeriodSeconds = (int)(Grid.CellMs / 1000);

    /// <summary>Watts that the input is divided by.</summary>
    public const float InputScale = 2000;

    /// <summary>Watts of a small load above the window's minimum that count half.</summary>
    public const float LevelScale = 200;

    /// <summary>Watts of a step between minutes that count half: a drum that turns is seen as well as a heater that starts.</summary>
    public const float StepScale = 50;

    /// <summary>Watts of a step between heaters that count half: one heater is told from another.</summary>
    public const float HeaterScale = 1000;

    /// <summary>Watts that a level within a minute lies above or below its mean, that count half.</summary>
    public const float SpreadScale = 200;

    /// <summary>Floats of a window: its means, then its lows, then its highs.</summary>
    public const int WindowSize = Window * Minutes.Rows;

    /// <summary>Values per minute of the network's input.</summary>
    public const int InputChannels = 8;

    /// <summary>Floats of the network's input.</summary>
    public const int InputSize = (Window - 1) * InputChannels;

    /// <summary>Watts that each appliance's output is multiplied with: about what it draws.</summary>
    public static IReadOnlyList<float> PowerScales { get; } = [2000, 800, 2000, 2000, 150];

    /// <summary>A network with fresh parameters.</summary>
    public static Network Create(int seed)
    {
        var first = new Layer(Window - 1, InputChannels, 7, 1, 16, Relu: true, Dropout: 0);
        var second = first.Then(5, 2, 32);
        var third = second.Then(5, 2, 48);
        var fourth = third.Then(3, 2, 64);
        var dense = fourth.ThenDense(192, relu: true, dropout: 0.1f);
        return new Network([first, second, third, fourth, dense, dense.ThenDense(2 * Appliances.Labels.Count, relu: false)], seed);
    }

    /// <summary>
    /// Turns a window of watts into the network's input, for each minute but the first: how far it lies above the window's
    /// minimum, over <see cref="InputScale"/> and bounded by <see cref="LevelScale"/>, and its step from the minute before,
    /// bounded by <see cref="StepScale"/> and by <see cref="HeaterScale"/>; then how far the highest level within it lies above
    /// the mean and the lowest below, bounded by <see cref="SpreadScale"/>, and how far apart the two are, over
    /// <see cref="InputScale"/> and bounded by <see cref="StepScale"/>: all zero where only the mean is known.
    /// </summary>
    /// <param name="window">Of <see cref="WindowSize"/>.</param>
    /// <param name="input">Receives <see cref="InputSize"/> values, minute by minute.</param>
    public static void Normalise(ReadOnlySpan<float> window, Span<float> input)
    {
        var mean = window[..Window];
        var low = window.Slice(Window, Window);
        var high = window.Slice(2 * Window, Window);
        var minimum = System.Numerics.Tensors.TensorPrimitives.Min(mean);
        for (var i = 1; i < Window; i++)
        {
            var level = mean[i] - minimum;
            var step = mean[i] - mean[i - 1];
            var spread = high[i] - low[i];
            var minute = input.Slice((i - 1) * InputChannels, InputChannels);
            minute[0] = level / InputScale;
            minute[1] = Bounded(level, LevelScale);
            minute[2] = Bounded(step, StepScale);
            minute[3] = Bounded(step, HeaterScale);
            minute[4] = Bounded(high[i] - mean[i], SpreadScale);
            minute[5] = Bounded(mean[i] - low[i], SpreadScale);
            minute[6] = spread / InputScale;
            minute[7] = Bounded(spread, StepScale);
        }
    }

    /// <summary>Watts between -1 and 1; <paramref name="scale"/> watts are a half.</summary>
    private static float Bounded(float watts, float scale) => watts / (Math.Abs(watts) + scale);

    /// <summary>Probability of a logit.</summary>
    public static float Probability(float logit) => 1 / (1 + MathF.Exp(-logit));

    /// <summary>One appliance's answer in watts: nothing below its gate, never negative, never more than the mains.</summary>
    /// <param name="output">Output of the network for one window.</param>
    /// <param name="label">Index of the appliance.</param>
    /// <param name="gate">Probability from which on it counts as on.</param>
    /// <param name="mains">Mains at the target in watts.</param>
    public static float Watts(ReadOnlySpan<float> output, int label, float gate, float mains) =>
        Probability(output[Appliances.Labels.Count + label]) >= gate ? Math.Max(0, Math.Min(output[label] * PowerScales[label], mains)) : 0;
}
