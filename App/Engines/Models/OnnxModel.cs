using App.Engines.Models.Shadow;
using App.Platform.Serving;
using Microsoft.ML.OnnxRuntime;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace App.Engines.Models;

/// <summary>
/// A loaded ONNX model with one float input and one float output, run inline on the caller's thread
/// (one intra-op thread: small models lose more to hand-over than they gain). Safe for concurrent runs. The one place where
/// bytes become a session, and where errors of ONNX Runtime are caught: their texts may quote what clients must not see.
/// </summary>
internal sealed class OnnxModel : IDisposable
{
    private readonly InferenceSession session;
    private readonly RunOptions runOptions = new();
    private readonly string[] inputNames;
    private readonly string[] outputNames;
    private ModelShadow? shadow;
    private bool disposed;

    static OnnxModel() => RuntimeTelemetry.Off();

    private OnnxModel(byte[] artifact, ModelSpec spec)
    {
        using var options = new SessionOptions
        {
            IntraOpNumThreads = 1,
            InterOpNumThreads = 1,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
            EnableMemoryPattern = false,
        };
        // Else a file with the mark of ORT's own format in bytes 4 to 8 is read as that, and not as what was checked.
        options.AddSessionConfigEntry("session.load_model_format", "ONNX");
        session = new InferenceSession(StrictOnnx.Rewrite(artifact), options);
        Spec = spec;
        Sha256 = ModelArtifacts.HashOf(artifact);
        inputNames = [spec.Input.Name];
        outputNames = [spec.Output.Name];
    }

    /// <summary>What the model says of itself.</summary>
    public ModelSpec Spec { get; }

    /// <summary>Hash of the artifact as it was given, lower-case hex; the session is made of <see cref="StrictOnnx.Rewrite"/>.</summary>
    public string Sha256 { get; }

    /// <summary>Loads an artifact, holds its tensors against the spec and runs it once on zeros.</summary>
    /// <exception cref="InvalidModelException">It is no self-contained ONNX model of that shape.</exception>
    public static OnnxModel Load(byte[] artifact, ModelSpec spec)
    {
        OnnxModel model;
        try
        {
            model = new OnnxModel(artifact, spec);
        }
        catch (OnnxRuntimeException e)
        {
            throw new InvalidModelException(
                "ONNX Runtime cannot load it: check it with onnx.checker.check_model; the server's log has the error.", cause: e);
        }

        try
        {
            model.CheckTensor("input", spec.Input, model.session.InputMetadata);
            model.CheckTensor("output", spec.Output, model.session.OutputMetadata);
            model.RunUnseen(new float[spec.Input.RowSize], new float[spec.Output.RowSize], 1);
            NativeHeap.Trim();
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>From now on, a candidate that runs beside this model may see what it is asked.</summary>
    public void ShowTo(ModelShadow candidate) => shadow = candidate;

    /// <summary>Runs a batch.</summary>
    /// <param name="input">Row-major, <paramref name="batch"/> rows.</param>
    /// <param name="output">Filled, row-major, <paramref name="batch"/> rows.</param>
    /// <param name="batch">Rows.</param>
    public void Run(float[] input, float[] output, int batch)
    {
        RunUnseen(input, output, batch);
        shadow?.Offer(input.AsSpan(0, batch * Spec.Input.RowSize), batch);
    }

    /// <summary>Runs a batch that no candidate is shown.</summary>
    /// <exception cref="InvalidModelException">It fails on this input.</exception>
    public void RunUnseen(float[] input, float[] output, int batch)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        using var x = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance,
            input.AsMemory(0, checked(batch * Spec.Input.RowSize)), Spec.Input.ShapeOf(batch));
        using var y = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance,
            output.AsMemory(0, checked(batch * Spec.Output.RowSize)), Spec.Output.ShapeOf(batch));
        try
        {
            session.Run(runOptions, inputNames, [x], outputNames, [y]);
        }
        catch (OnnxRuntimeException e)
        {
            throw Failed(e);
        }
    }

    /// <summary>Runs a prepared batch; for <see cref="BoundModel"/>.</summary>
    public void Run(OrtIoBinding binding, float[] input, int batch)
    {
        try
        {
            session.RunWithBinding(runOptions, binding);
        }
        catch (OnnxRuntimeException e)
        {
            throw Failed(e);
        }
        shadow?.Offer(input, batch);
    }

    /// <summary>Prepares runs of a fixed number of rows, for hot paths; to be disposed before the model.</summary>
    public BoundModel Bind(int rows)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        return new BoundModel(session, this, rows);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        disposed = true;
        session.Dispose();
        runOptions.Dispose();
    }

    private static InvalidModelException Failed(OnnxRuntimeException cause) =>
        new("ONNX Runtime loads it and fails when it runs it: try it on zeros; the server's log has the error.", cause: cause);

    private void CheckTensor(string role, TensorSpec expected, IReadOnlyDictionary<string, NodeMetadata> found)
    {
        if (!found.TryGetValue(expected.Name, out var node))
            throw new InvalidModelException($"It has no {role} named '{expected.Name}': it has {string.Join(", ", found.Keys)}.");
        if (!node.IsTensor || node.ElementType != typeof(float))
            throw new InvalidModelException(
                $"Its {role} '{expected.Name}' holds {(node.IsTensor ? node.ElementType.Name : node.OnnxValueType)}: a float32 tensor is "
                + "taken.");
        if (!node.Dimensions.SequenceEqual(expected.Shape))
            throw new InvalidModelException(
                $"Its {role} '{expected.Name}' is [{string.Join(',', node.Dimensions)}]: the spec says "
                + $"[{string.Join(',', expected.Shape)}].");
    }
}
