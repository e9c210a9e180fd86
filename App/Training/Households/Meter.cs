using App.Energy.Disaggregation;

namespace App.Training.Households;

/// <summary>
/// What stands between a house and its readings. Two meters of five tell the means of minutes; the others read every 1 to 30
/// seconds, or now and then up to a minute apart, at instants or over the time since, with rounding, noise, times that are not
/// exact, and readings that get lost.
/// </summary>
internal sealed class Meter
{
    private const double Minutes = 0.4;
    private const int MostLostInARow = 2;
    private const int DayMs = 24 * 60 * 60 * 1000;
    private const int StepMs = DayCanvas.StepSeconds * 1000;

    private readonly Random random;
    private readonly Grid grid = new();
    private readonly double periodMs;
    private readonly bool averages;
    private readonly int lag;
    private readonly double jitter;
    private readonly double lost;
    private readonly float noise;
    private readonly float resolution;
    private double next;
    private int lostInARow;
    private long day;

    /// <summary>Draws its character.</summary>
    public Meter(Random random)
    {
        this.random = random;
        // A clock that is some seconds off.
        lag = random.Happens(0.25) ? random.Next(-10, 11) / DayCanvas.StepSeconds : 0;
        if (random.Happens(Minutes))
        {
            (periodMs, averages) = (Grid.CellMs, true);
            return;
        }
        var slow = random.Happens(0.1);
        periodMs = 1000 * (slow ? random.Between(30, 60) : Math.Exp(random.Between(0, Math.Log(30))));
        averages = random.Happens(0.4);
        jitter = random.Happens(0.5) ? random.Between(0, 0.2) : 0;
        // Never so many that the grid would break: a slow meter loses none.
        lost = !slow && random.Happens(0.3) ? random.Between(0, 0.06) : 0;
        noise = random.Between(0, 0.006);
        resolution = random.Happens(0.15) ? 10 : 1;
    }

    /// <summary>Reads one day, and appends its minutes; they are as many as the day has.</summary>
    /// <param name="mains">Power in steps of <see cref="DayCanvas.StepSeconds"/>.</param>
    /// <param name="closed">Receives the minutes.</param>
    public void Read(ReadOnlySpan<float> mains, List<Cell> closed)
    {
        var start = day++ * DayMs;
        // A reading at midnight, lest a minute lack its beginning; the same time again replaces it.
        grid.Add(start, Value(mains, 0), closed);
        for (; next < start + DayMs; next += Math.Max(200, periodMs * (1 + (jitter * random.NextRipple()))))
        {
            lostInARow = lostInARow < MostLostInARow && random.Happens(lost) ? lostInARow + 1 : 0;
            if (lostInARow == 0) grid.Add((long)next, Value(mains, (int)(next - start)), closed);
        }
    }

    /// <summary>Ends the last minute.</summary>
    public void End(List<Cell> closed) => grid.Add(day * DayMs, 0, closed);

    private float Value(ReadOnlySpan<float> mains, int at)
    {
        var first = Math.Clamp((at / StepMs) + lag, 0, mains.Length - 1);
        var watts = mains[first];
        if (averages)
        {
            var steps = mains[first..Math.Min(mains.Length, first + Math.Max(1, (int)(periodMs / StepMs)))];
            watts = System.Numerics.Tensors.TensorPrimitives.Sum(steps) / steps.Length;
        }
        if (noise > 0) watts = Math.Max(0, watts * (1 + (noise * random.NextRipple())));
        return resolution > 0 ? MathF.Round(watts / resolution) * resolution : watts;
    }
}
