using App.Engines.Models;

namespace App.Energy.Disaggregation;

/// <summary>The predictions of a whole house.</summary>
internal sealed class HousePrediction
{
    private readonly float[] watts;
    private readonly float[] other;
    private readonly int labels;

    private HousePrediction(int minutes, int labels)
    {
        this.labels = labels;
        watts = new float[minutes * labels];
        other = new float[minutes];
        Array.Fill(other, float.NaN);
    }

    /// <summary>Whether there is a prediction for a minute; without one, its watts are all zero.</summary>
    public bool Exists(int minute) => !float.IsNaN(other[minute]);

    /// <summary>Watts of one label in a minute.</summary>
    public float Watts(int minute, int label) => watts[(minute * labels) + label];

    /// <summary>What the labels leave of the mains, in watts; NaN where there is no prediction.</summary>
    public float Other(int minute) => other[minute];

    /// <summary>Predicts every minute that has a final prediction, on every core.</summary>
    /// <param name="model">Model of the task <c>disaggregation</c>.</param>
    /// <param name="house">The house; truth is not looked at.</param>
    /// <param name="lookAhead">Minutes behind the target that are known; fewer than the model's window takes in gives the
    /// provisional predictions of that moment.</param>
    /// <param name="progress">Told how many minutes are done, by several threads.</param>
    public static HousePrediction Of(OnnxModel model, House house, int lookAhead = int.MaxValue, Action<int>? progress = null)
    {
        const int Block = 16 * WindowBatch.DefaultCapacity;
        var minutes = house.Mains.Length;
        var done = 0;
        var result = new HousePrediction(minutes, model.Spec.Labels.Count);
        Parallel.For(0, (minutes + Block - 1) / Block, () => new WindowBatch(model.Spec), (block, _, batch) =>
        {
            var (from, to) = (block * Block, Math.Min(minutes, (block + 1) * Block));
            result.Fill(model, batch, house.Minutes, from, to, Math.Min(lookAhead, batch.LookAhead));
            progress?.Invoke(Interlocked.Add(ref done, to - from));
            return batch;
        }, _ => { });
        return result;
    }

    private void Fill(OnnxModel model, WindowBatch batch, Minutes all, int from, int to, int lookAhead)
    {
        var wanted = lookAhead < batch.LookAhead ? TargetState.Provisional : TargetState.Final;
        Span<int> minutes = stackalloc int[WindowBatch.DefaultCapacity];
        for (var minute = from; minute < to; minute++)
        {
            var known = all[..Math.Min(all.Length, minute + 1 + lookAhead)];
            if (Target.StateOf(known.Mean, minute, batch.LookAhead) >= wanted) minutes[batch.Add(known, minute)] = minute;
            if (batch.IsFull || minute == to - 1) Flush(model, batch, minutes);
        }
    }

    private void Flush(OnnxModel model, WindowBatch batch, ReadOnlySpan<int> minutes)
    {
        batch.Run(model);
        for (var row = 0; row < batch.Count; row++)
        {
            batch.Watts(row).CopyTo(watts.AsSpan(minutes[row] * labels));
            other[minutes[row]] = batch.Other(row);
        }
        batch.Clear();
    }
}
