using App.Platform.Configuration;

namespace App.Engines.Schedules;

/// <summary>How schedules are run.</summary>
internal sealed record ScheduleOptions
{
    /// <summary>Whether every schedule is run once at start, by one of the workers that start together.</summary>
    public required bool RunInitially { get; init; }

    /// <summary>How often a worker says that it is alive and looks for what has changed.</summary>
    public TimeSpan Tick { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A worker that has said nothing for so long is gone, and its version with it.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Reads the variables of schedules.</summary>
    public static ScheduleOptions Read(Variables variables) => new() { RunInitially = variables.Flag("RUN_INITIAL_ANALYSIS", false) };
}
