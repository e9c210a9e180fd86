using System.Diagnostics.Metrics;

namespace App.Runs;

/// <summary>What <c>/metrics</c> says of runs that ended in this process.</summary>
internal sealed class RunMetrics
{
    /// <summary>Name of the slice's meter.</summary>
    public const string MeterName = "Tandem.Runs";

    private readonly Counter<long> runs;
    private readonly Counter<long> steps;

    /// <summary>Counts from zero.</summary>
    public RunMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        runs = meter.CreateCounter<long>("tandem_runs_ended_total", "{run}", "Runs that ended.");
        steps = meter.CreateCounter<long>("tandem_run_steps_ended_total", "{step}", "Steps of runs that ended.");
    }

    /// <summary>A run has ended.</summary>
    public void RunEnded(string status) => runs.Add(1, new KeyValuePair<string, object?>("status", status));

    /// <summary>A step has ended.</summary>
    public void StepEnded(string status) => steps.Add(1, new KeyValuePair<string, object?>("status", status));
}
