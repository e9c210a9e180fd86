using System.Numerics.Tensors;
using App.Training.Households;

namespace App.Development;

/// <summary>
/// The mains meter of an imagined household: a reading every ten seconds, the same for the same seed and time, so that
/// a simulation that is started again goes on where it was. The household begins anew each month (UTC),
/// so that hardly a month has to be lived through first.
/// </summary>
internal sealed class SimulatedMeter(int seed)
{
    /// <summary>Between two readings.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    private static readonly int StepsPerReading = (int)Period.TotalSeconds / DayCanvas.StepSeconds;

    private Household household = new(seed, Region.British);
    private DateOnly livedTo = DateOnly.MinValue;
    private float[] today = [];

    /// <summary>Mains power in watts, to a tenth, over the period that begins at or before a time.</summary>
    public double WattsAt(DateTimeOffset time)
    {
        var day = DateOnly.FromDateTime(time.UtcDateTime);
        if (day != livedTo) Live(day);
        var steps = today.AsSpan((int)(time.UtcDateTime.TimeOfDay / Period) * StepsPerReading, StepsPerReading);
        return Math.Round(TensorPrimitives.Sum<float>(steps) / StepsPerReading, 1);
    }

    private void Live(DateOnly day)
    {
        if ((day.Year, day.Month) != (livedTo.Year, livedTo.Month) || day < livedTo)
        {
            household = new Household(seed, Region.British);
            livedTo = new DateOnly(day.Year, day.Month, 1).AddDays(-1);
        }
        for (; livedTo < day; livedTo = livedTo.AddDays(1)) today = household.NextDay().Mains;
    }
}
