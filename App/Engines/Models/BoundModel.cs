using Microsoft.ML.OnnxRuntime;

namespace App.Engines.Models;

/// <summary>
/// A model with input and output of a fixed number of rows in pinned memory that the runtime works on directly: a run
/// allocates nothing. For one thread at a time; the model must outlive it.
/// </summary>
internal sealed class BoundModel : IDisposable
{
    private readonly OnnxModel model;
    private readonly int rows;
    private readonly OrtIoBinding binding;
    private readonly OrtValue input;
    private readonly OrtValue output;

    /// <summary>Binds; called by <see cref="OnnxModel.Bind"/>.</summary>
    /// <param name="session">The model's session.</param>
    /// <param name="model">The model.</param>
    /// <param name="rows">Rows of a run.</param>
    public BoundModel(InferenceSession session, OnnxModel model, int rows)
    {
        (this.model, this.rows) = (model, rows);
        var spec = model.Spec;
        Input = GC.AllocateArray<float>(rows * spec.Input.RowSize, pinned: true);
        Output = GC.AllocateArray<float>(rows * spec.Output.RowSize, pinned: true);
        input = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, Input.AsMemory(), spec.Input.ShapeOf(rows));
        output = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, Output.AsMemory(), spec.Output.ShapeOf(rows));
        binding = session.CreateIoBinding();
        binding.BindInput(spec.Input.Name, input);
        binding.BindOutput(spec.Output.Name, output);
    }

    /// <summary>To be filled before a run, row by row.</summary>
    public float[] Input { get; }

    /// <summary>What the last run has answered, row by row.</summary>
    public float[] Output { get; }

    /// <summary>Runs the model on <see cref="Input"/>.</summary>
    public void Run() => model.Run(binding, Input, rows);

    /// <inheritdoc/>
    public void Dispose()
    {
        binding.Dispose();
        input.Dispose();
        output.Dispose();
    }
}
