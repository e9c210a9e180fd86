using System.Text.Json;
using App.Runs.Plans;

namespace App.Runs;

/// <summary>
/// Runs as they are answered. Inputs are not: they may hold credentials of the far side, which whoever may read runs need
/// not know.
/// </summary>
internal static class RunAnswers
{
    private static readonly JsonDocumentOptions Reading = new() { MaxDepth = PlanLimits.OutputDepth };

    /// <summary>A run.</summary>
    /// <param name="run">The run.</param>
    /// <param name="steps">In a list the number of steps by status; alone the steps, as they are read.</param>
    public static object Of<T>(Run run, T steps) => new
    {
        id = run.Id,
        goal = run.Goal,
        status = run.Status,
        priority = run.Priority,
        createdAt = run.CreatedAt.UtcDateTime,
        startedAt = run.StartedAt?.UtcDateTime,
        endedAt = run.EndedAt?.UtcDateTime,
        error = ErrorOf(run),
        steps,
    };

    /// <summary>A step with its attempts.</summary>
    public static object Of(RunStep step, IEnumerable<RunAttempt> attempts) => new
    {
        name = step.Name,
        handler = step.Handler,
        status = step.Status,
        dependsOn = step.DependsOn,
        timeoutMs = step.TimeoutMs,
        maxAttempts = step.MaxAttempts,
        continueOnError = step.ContinueOnError,
        startedAt = step.StartedAt?.UtcDateTime,
        endedAt = step.EndedAt?.UtcDateTime,
        wakeAt = step.WakeAt?.UtcDateTime,
        output = step.Output is null ? (JsonElement?)null : JsonElement.Parse(step.Output, Reading),
        error = step.Error,
        attempts = attempts.Select(attempt => new
        {
            number = attempt.Number,
            status = attempt.Status,
            worker = attempt.Worker,
            startedAt = attempt.StartedAt.UtcDateTime,
            endedAt = attempt.EndedAt?.UtcDateTime,
            error = attempt.Error,
        }),
    };

    private static object? ErrorOf(Run run) => run.Error is null ? null : new { step = run.FailedStep, message = run.Error };
}
