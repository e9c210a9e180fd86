using System.Threading.Channels;

namespace App.Engines.Models.Shadow;

/// <summary>
/// Takes a sample of one model's live inputs for a candidate that runs beside it. Where none does, an offer costs a look at
/// a field; where one does, at most <see cref="MostASecond"/> rows a second are copied, and never waited for.
/// </summary>
internal sealed class ModelShadow(string name, TimeProvider time)
{
    /// <summary>Rows that are compared in a second, at most.</summary>
    public const int MostASecond = 64;

    private readonly Channel<float[]> samples =
        Channel.CreateBounded<float[]>(new BoundedChannelOptions(MostASecond) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly long apart = time.TimestampFrequency / MostASecond;
    private ShadowPair? running;
    private long nextAt;
    private int taken;

    /// <summary>Name of the model.</summary>
    public string Name => name;

    /// <summary>What runs beside the active version in this process, or null.</summary>
    public ShadowPair? Running => Volatile.Read(ref running);

    /// <summary>What could not be loaded, so that it is told once.</summary>
    public int FaultyId { get; set; }

    /// <summary>Shows the inputs that the active version has just answered.</summary>
    /// <param name="inputs">Row-major, as the model takes them.</param>
    /// <param name="rows">Rows.</param>
    public void Offer(ReadOnlySpan<float> inputs, int rows)
    {
        if (Running is not { } pair || rows <= 0 || inputs.Length != rows * pair.RowSize) return;
        var now = time.GetTimestamp();
        var due = Volatile.Read(ref nextAt);
        if (now < due || Interlocked.CompareExchange(ref nextAt, now + apart, due) != due) return;
        // Another row each time, so that no connection or building is always the one.
        var row = (int)((uint)Interlocked.Increment(ref taken) % (uint)rows);
        samples.Writer.TryWrite(inputs.Slice(row * pair.RowSize, pair.RowSize).ToArray());
    }

    /// <summary>A sample that waits to be compared.</summary>
    public bool TryTake(out float[] input) => samples.Reader.TryRead(out input!);

    /// <summary>Runs this one from now on, or none; the one before ends, and what waits for it is dropped.</summary>
    public void Swap(ShadowPair? next)
    {
        Interlocked.Exchange(ref running, next)?.Candidate.Dispose();
        while (TryTake(out _)) { }
    }
}

/// <summary>A candidate in memory and what it is held against.</summary>
/// <param name="Id">Of the shadow's row.</param>
/// <param name="ActiveId">The version that it is compared with.</param>
/// <param name="Candidate">The candidate.</param>
internal sealed record ShadowPair(int Id, int ActiveId, OnnxModel Candidate)
{
    /// <summary>Values of one row of input.</summary>
    public int RowSize { get; } = Candidate.Spec.Input.RowSize;
}
