using App.Energy.Disaggregation;
using App.Training.Households;

namespace App.Training;

/// <summary>Makes houses with truth out of the simulator, as a meter on the grid would have seen them.</summary>
internal static class SimulatedHouses
{
    /// <summary>Days of each house.</summary>
    public const int Days = 7;

    /// <summary>Simulates houses on every core; the same for the same seed.</summary>
    /// <param name="count">Number of houses.</param>
    /// <param name="seed">Seed; houses of different seeds differ.</param>
    /// <param name="days">Days of each.</param>
    public static IReadOnlyList<House> Create(int count, int seed, int days) =>
        [.. Enumerable.Range(0, count).AsParallel().AsOrdered().Select(i => Create($"simulated {seed}/{i}", HashCode(seed, i), days))];

    private static House Create(string name, int seed, int days)
    {
        const int Minutes = 24 * 60;
        var household = new Household(seed);
        var meter = new Meter(new Random(seed + 1));
        var cells = new List<Cell>(days * Minutes);
        var truth = Appliances.Labels.Select(_ => new float[days * Minutes]).ToArray();
        for (var day = 0; day < days; day++)
        {
            var lived = household.NextDay();
            meter.Read(lived.Mains, cells);
            for (var label = 0; label < truth.Length; label++) Average(lived.Watts[label], truth[label].AsSpan(day * Minutes, Minutes));
        }
        meter.End(cells);
        if (cells.Count != truth[0].Length)
            throw new InvalidOperationException($"The meter of {name} gave {cells.Count} minutes for {truth[0].Length}.");
        return new House(name, [.. cells.Select(cell => cell.Start)], [.. cells.Select(cell => cell.Watts)], truth)
        {
            Low = [.. cells.Select(cell => cell.Low)],
            High = [.. cells.Select(cell => cell.High)],
        };
    }

    /// <summary>Means of minutes.</summary>
    private static void Average(ReadOnlySpan<float> steps, Span<float> minutes)
    {
        for (var minute = 0; minute < minutes.Length; minute++)
        {
            var within = steps.Slice(minute * DayCanvas.StepsPerMinute, DayCanvas.StepsPerMinute);
            minutes[minute] = System.Numerics.Tensors.TensorPrimitives.Sum(within) / DayCanvas.StepsPerMinute;
        }
    }

    /// <summary>A seed of its own for each house: <see cref="System.HashCode"/> differs from process to process.</summary>
    private static int HashCode(int seed, int house) => (int)((((uint)seed * 2654435761u) ^ ((uint)house * 2246822519u)) >> 1);
}
