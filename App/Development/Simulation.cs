namespace App.Development;

/// <summary>
/// Posts a household's readings over HTTP: first those of the last days, then one every ten seconds. After an outage it
/// catches up, so no reading is missing.
/// </summary>
internal static class Simulation
{
    private const int MostAtOnce = 1_000;

    /// <summary>Runs until it is cancelled, or, where it does not go on live, until now is reached.</summary>
    /// <param name="options">What to post, and where to.</param>
    /// <param name="time">The clock.</param>
    /// <param name="output">Told what is being done.</param>
    /// <param name="ct">Ends it.</param>
    public static async Task RunAsync(SimulationOptions options, TimeProvider time, TextWriter output, CancellationToken ct)
    {
        using var client = new ReadingsClient(options, time, output);
        var meter = new SimulatedMeter(options.Seed);
        var begun = time.GetTimestamp();
        var next = StepAt(time.GetUtcNow() - TimeSpan.FromDays(options.Days));
        await output.WriteLineAsync($"Simulating building {options.Building} (household {options.Seed}): posting {options.Days} {(options.Days == 1 ? "day" : "days")} up to now to {options.Url}");

        var posted = 0L;
        for (var due = Due(); due.Count > 0; due = Due())
        {
            await client.PostAsync(due, ct);
            posted += due.Count;
            if (options.Speed > 0) await Task.Delay(due.Count * SimulatedMeter.Period / options.Speed, time, ct);
        }
        await output.WriteLineAsync($"Posted {posted:N0} readings in {time.GetElapsedTime(begun).TotalSeconds:F1} s");
        if (!options.Live) return;

        await output.WriteLineAsync($"Live: a reading every {SimulatedMeter.Period.TotalSeconds:F0} s, until Ctrl-C");
        while (true)
        {
            var wait = next - time.GetUtcNow();
            if (wait > TimeSpan.Zero) await Task.Delay(wait, time, ct);
            if (Due() is { Count: > 0 } readings) await client.PostAsync(readings, ct);
        }

        List<(DateTimeOffset, double)> Due()
        {
            var now = time.GetUtcNow();
            var readings = new List<(DateTimeOffset, double)>();
            for (; next <= now && readings.Count < MostAtOnce; next += SimulatedMeter.Period) readings.Add((next, meter.WattsAt(next)));
            return readings;
        }
    }

    private static DateTimeOffset StepAt(DateTimeOffset instant) => new(instant.UtcTicks - (instant.UtcTicks % SimulatedMeter.Period.Ticks), TimeSpan.Zero);
}
