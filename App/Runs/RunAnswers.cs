using System.Text.Json;
using App.Platform.Http;
using App.Runs.Plans;

namespace App.Runs;

/// <summary>
/// A run as it is answered. Inputs are not: they may hold credentials of the far side, which whoever may read runs need
/// not know.
/// </summary>
/// <param name="Id">Identity; later runs have greater ones.</param>
/// <param name="Goal">What it is for, in its sender's words.</param>
/// <param name="Status">Where it is.</param>
/// <param name="Priority">Lower runs sooner.</param>
/// <param name="CreatedAt">When it was accepted.</param>
/// <param name="StartedAt">When its first step began.</param>
/// <param name="EndedAt">When it ended.</param>
/// <param name="Error">Why it failed.</param>
/// <param name="Steps">How many of its steps are in each status.</param>
/// <example>
/// {"id":"019ad0a2-7a3e-7c51-9d2f-1f6d1b0c4e55","goal":"Tell the house what last night cost","status":"running","priority":0,
/// "createdAt":"2026-11-29T08:00:00Z","startedAt":"2026-11-29T08:00:00Z","endedAt":null,"error":null,"steps":{"succeeded":1,"waiting":1}}
/// </example>
internal sealed record RunAnswer(
    Guid Id, string Goal, [OneOf(typeof(RunState), nameof(RunState.OfRuns))] string Status, int Priority, DateTime CreatedAt,
    DateTime? StartedAt, DateTime? EndedAt,
    RunError? Error, IReadOnlyDictionary<string, int> Steps)
{
    /// <summary>The answer for a run of a list.</summary>
    public static RunAnswer Of(Run run, IReadOnlyDictionary<string, int> steps) => new(
        run.Id, run.Goal, run.Status, run.Priority, run.CreatedAt.UtcDateTime, run.StartedAt?.UtcDateTime, run.EndedAt?.UtcDateTime,
        RunError.Of(run), steps);
}

/// <summary>A run with its steps.</summary>
/// <param name="Id">Identity; later runs have greater ones.</param>
/// <param name="Goal">What it is for, in its sender's words.</param>
/// <param name="Status">Where it is.</param>
/// <param name="Priority">Lower runs sooner.</param>
/// <param name="CreatedAt">When it was accepted.</param>
/// <param name="StartedAt">When its first step began.</param>
/// <param name="EndedAt">When it ended.</param>
/// <param name="Error">Why it failed.</param>
/// <param name="Steps">Its steps in the order of the plan, written as they are read.</param>
internal sealed record RunDetails(
    Guid Id, string Goal, [OneOf(typeof(RunState), nameof(RunState.OfRuns))] string Status, int Priority, DateTime CreatedAt,
    DateTime? StartedAt, DateTime? EndedAt,
    RunError? Error, IAsyncEnumerable<RunStepAnswer> Steps)
{
    /// <summary>The answer for a run.</summary>
    public static RunDetails Of(Run run, IAsyncEnumerable<RunStepAnswer> steps) => new(
        run.Id, run.Goal, run.Status, run.Priority, run.CreatedAt.UtcDateTime, run.StartedAt?.UtcDateTime, run.EndedAt?.UtcDateTime,
        RunError.Of(run), steps);
}

/// <summary>Why a run failed.</summary>
/// <param name="Step">At which step.</param>
/// <param name="Message">What it said.</param>
internal sealed record RunError(string? Step, string Message)
{
    /// <summary>Of a run; null: it has not failed.</summary>
    public static RunError? Of(Run run) => run.Error is null ? null : new(run.FailedStep, run.Error);
}

/// <summary>A step with its attempts.</summary>
/// <param name="Name">Unique in the run.</param>
/// <param name="Handler">Name of the handler that does it.</param>
/// <param name="Status">Where it is.</param>
/// <param name="DependsOn">Names of the steps that must succeed before it.</param>
/// <param name="TimeoutMs">How long an attempt may take.</param>
/// <param name="MaxAttempts">Attempts that it has.</param>
/// <param name="ContinueOnError">Whether the run goes on as if it had succeeded when it fails.</param>
/// <param name="StartedAt">When its first attempt began.</param>
/// <param name="EndedAt">When it ended.</param>
/// <param name="WakeAt">When it goes on by itself: the next attempt, or the end of its wait.</param>
/// <param name="Output">What it answered; null until it has succeeded.</param>
/// <param name="Error">Why it failed.</param>
/// <param name="Attempts">Its attempts, the first first.</param>
internal sealed record RunStepAnswer(
    string Name, string Handler, [OneOf(typeof(RunState), nameof(RunState.OfSteps))] string Status, IReadOnlyList<string> DependsOn,
    int TimeoutMs, int MaxAttempts,
    bool ContinueOnError, DateTime? StartedAt, DateTime? EndedAt, DateTime? WakeAt, JsonElement? Output, string? Error,
    IEnumerable<RunAttemptAnswer> Attempts)
{
    private static readonly JsonDocumentOptions Reading = new() { MaxDepth = PlanLimits.OutputDepth };

    /// <summary>The answer for a step.</summary>
    public static RunStepAnswer Of(RunStep step, IEnumerable<RunAttempt> attempts) => new(
        step.Name, step.Handler, step.Status, step.DependsOn, step.TimeoutMs, step.MaxAttempts, step.ContinueOnError,
        step.StartedAt?.UtcDateTime, step.EndedAt?.UtcDateTime, step.WakeAt?.UtcDateTime,
        step.Output is null ? null : JsonElement.Parse(step.Output, Reading), step.Error, attempts.Select(RunAttemptAnswer.Of));
}

/// <summary>One execution of a step.</summary>
/// <param name="Number">Counts from 1 in the step.</param>
/// <param name="Status">Where it is.</param>
/// <param name="Worker">The process that made it.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="EndedAt">When it ended.</param>
/// <param name="Error">Why it failed or was interrupted.</param>
internal sealed record RunAttemptAnswer(
    int Number, [OneOf(typeof(RunState), nameof(RunState.OfAttempts))] string Status, string Worker, DateTime StartedAt, DateTime? EndedAt,
    string? Error)
{
    /// <summary>The answer for an attempt.</summary>
    public static RunAttemptAnswer Of(RunAttempt attempt) =>
        new(attempt.Number, attempt.Status, attempt.Worker, attempt.StartedAt.UtcDateTime, attempt.EndedAt?.UtcDateTime, attempt.Error);
}

/// <summary>A page of runs.</summary>
/// <param name="Runs">The newest first.</param>
/// <param name="Next">Cursor of the next page; null at the end.</param>
internal sealed record RunPage(IReadOnlyList<RunAnswer> Runs, string? Next);

/// <summary>A run and where it is.</summary>
/// <param name="Id">Identity.</param>
/// <param name="Status">Its status.</param>
internal sealed record RunStanding(Guid Id, [OneOf(typeof(RunState), nameof(RunState.OfRuns))] string Status);

/// <summary>A step that a person has answered.</summary>
/// <param name="Id">The run.</param>
/// <param name="Step">The step.</param>
/// <param name="Approved">What was answered.</param>
internal sealed record ApprovalAnswer(Guid Id, string Step, bool Approved);
