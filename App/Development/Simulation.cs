using App.Platform.Commands;

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
    /// <param name="progress">Told what is being done.</param>
    /// <param name="ct">Ends it: a live simulation has no other end.</param>
    /// <returns>What was posted.</returns>
    public static async Task<CommandSummary> RunAsync(SimulationOptions options, TimeProvider time, CommandProgress progress,
        CancellationToken ct)
    {
        using var client = new ReadingsClient(options, time, progress);
        var meter = new SimulatedMeter(options.Seed);
        var begun = time.GetTimestamp();
        var first = StepAt(time.GetUtcNow() - TimeSpan.FromDays(options.Days));
        var next = first;
        var posted = 0L;
        progress.Say(
            $"Simulating building {options.Building} (household {options.Seed}): "
            + $"posting {options.Days} {(options.Days == 1 ? "day" : "days")} up to now to {options.Url}");
        try
        {
            for (var due = Due(); due.Count > 0; due = Due())
            {
                await PostAsync(due);
                progress.Report("readings posted", posted,
                    Math.Max(posted, 1 + ((time.GetUtcNow() - first).Ticks / SimulatedMeter.Period.Ticks)));
                if (options.Speed > 0) await Task.Delay(due.Count * SimulatedMeter.Period / options.Speed, time, ct);
            }
            progress.Say($"Posted {posted:N0} readings in {time.GetElapsedTime(begun).TotalSeconds:F1} s");
            if (options.Live) progress.Say($"Live: a reading every {SimulatedMeter.Period.TotalSeconds:F0} s, until Ctrl-C");
            while (options.Live)
            {
                var wait = next - time.GetUtcNow();
                if (wait > TimeSpan.Zero) await Task.Delay(wait, time, ct);
                if (Due() is { Count: > 0 } readings) await PostAsync(readings);
            }
        }
        catch (OperationCanceledException) when (options.Live && ct.IsCancellationRequested)
        {
            // Ctrl-C is how a live simulation ends.
        }
        return new(("building", options.Building),
            ("posted", $"{posted:N0} readings up to {next - SimulatedMeter.Period:yyyy-MM-ddTHH:mm:ssZ}"));

        async Task PostAsync(List<(DateTimeOffset, double)> readings)
        {
            await client.PostAsync(readings, ct);
            posted += readings.Count;
        }

        List<(DateTimeOffset, double)> Due()
        {
            var now = time.GetUtcNow();
            var readings = new List<(DateTimeOffset, double)>();
            for (; next <= now && readings.Count < MostAtOnce; next += SimulatedMeter.Period) readings.Add((next, meter.WattsAt(next)));
            return readings;
        }
    }

    private static DateTimeOffset StepAt(DateTimeOffset instant) =>
        new(instant.UtcTicks - (instant.UtcTicks % SimulatedMeter.Period.Ticks), TimeSpan.Zero);
}
