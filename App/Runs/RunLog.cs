using App.Platform.Observability;

namespace App.Runs;

/// <summary>One line for what happens to runs and their steps, once it is committed; as many a second as can be read.</summary>
internal sealed class RunLog(ILogger<RunLog> log, TimeProvider time) : IDisposable
{
    private readonly LogRate runs = new(log, "changes of runs", time);
    private readonly LogRate steps = new(log, "changes of steps", time);
    private readonly LogRate failures = new(log, "failed runs and steps", time);

    /// <summary>A run has another status.</summary>
    public void RunChanged(Guid run, string status)
    {
        if (status == RunState.Failed)
        {
            if (failures.Allows()) log.LogWarning("Run failed: {RunId}", run);
        }
        else if (log.IsEnabled(LogLevel.Information) && runs.Allows()) log.LogInformation("Run {Status:l}: {RunId}", status, run);
    }

    /// <summary>A step has another status.</summary>
    public void StepChanged(Guid run, string step, string status, int? attempt, string? error)
    {
        if (status == RunState.Failed)
        {
            if (failures.Allows())
                log.LogWarning("Step failed: {Step} of run {RunId}, attempt {Attempt}: {Error}", step, run, attempt, error);
        }
        else if (log.IsEnabled(LogLevel.Information) && steps.Allows())
            log.LogInformation("Step {Status:l}: {Step} of run {RunId}, attempt {Attempt}", status, step, run, attempt);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        runs.Dispose();
        steps.Dispose();
        failures.Dispose();
    }
}
