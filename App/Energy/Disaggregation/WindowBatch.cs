using System.Numerics.Tensors;
using App.Engines.Models;

namespace App.Energy.Disaggregation;

/// <summary>
/// Windows of one or many buildings that the model answers in one run. Fill it with <see cref="Add"/> until
/// <see cref="IsFull"/>, <see cref="Run"/> it, read <see cref="Watts"/>, <see cref="Other"/> and <see cref="Mains"/>,
/// <see cref="Clear"/> it. Buffers are reused; not thread-safe.
/// </summary>
internal sealed class WindowBatch
{
    /// <summary>Rows that are worth one run of the model.</summary>
    public const int DefaultCapacity = 256;

    private readonly int window;
    private readonly int rowSize;
    private readonly int offset;
    private readonly int labels;
    private readonly float[] input;
    private readonly float[] output;
    private readonly float[] mains;

    /// <summary>Makes room for <paramref name="capacity"/> windows of models of this shape.</summary>
    public WindowBatch(ModelSpec spec, int capacity = DefaultCapacity)
    {
        window = spec.Window;
        rowSize = spec.Input.RowSize;
        offset = spec.TargetOffset;
        labels = spec.Labels.Count;
        input = new float[capacity * rowSize];
        output = new float[capacity * labels];
        mains = new float[capacity];
    }

    /// <summary>Windows in the batch.</summary>
    public int Count { get; private set; }

    /// <summary>Whether it must be run before another window fits.</summary>
    public bool IsFull => Count == mains.Length;

    /// <summary>Minutes behind the target that a window takes in.</summary>
    public int LookAhead => window - 1 - offset;

    /// <summary>
    /// Adds the window around one minute, cut as <see cref="Window.Fill"/> says, and answers its row of the batch. Models of
    /// one value a minute see the means.
    /// </summary>
    public int Add(Minutes minutes, int target)
    {
        ArgumentOutOfRangeException.ThrowIfEqual(IsFull, true);
        Window.Fill(minutes, target, offset, window, input.AsSpan(Count * rowSize, rowSize));
        mains[Count] = minutes.Mean[target];
        return Count++;
    }

    /// <summary>
    /// Runs the model and makes the parts fit the whole: none is negative, and together they never exceed the mains, or
    /// zero while the mains are negative.
    /// </summary>
    public void Run(OnnxModel model)
    {
        if (Count == 0) return;
        model.Run(input, output, Count);
        for (var row = 0; row < Count; row++)
        {
            var parts = output.AsSpan(row * labels, labels);
            TensorPrimitives.Max(parts, 0f, parts);
            var sum = TensorPrimitives.Sum<float>(parts);
            var whole = Math.Max(0f, mains[row]);
            if (sum > whole) TensorPrimitives.Multiply(parts, whole / sum, parts);
        }
    }

    /// <summary>The window of one row in watts, as the model sees it.</summary>
    public ReadOnlySpan<float> WindowOf(int row) => input.AsSpan(row * rowSize, rowSize);

    /// <summary>Power of the model's labels in one row, in order, in watts.</summary>
    public ReadOnlySpan<float> Watts(int row) => output.AsSpan(row * labels, labels);

    /// <summary>Whole-house power of the target's minute in watts.</summary>
    public float Mains(int row) => mains[row];

    /// <summary>What the labels leave of the mains, in watts: never negative, save that negative mains are kept whole.</summary>
    public float Other(int row) => mains[row] < 0 ? mains[row] : Math.Max(0f, mains[row] - TensorPrimitives.Sum(Watts(row)));

    /// <summary>Empties the batch.</summary>
    public void Clear() => Count = 0;
}
