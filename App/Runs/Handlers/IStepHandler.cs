namespace App.Runs.Handlers;

/// <summary>
/// What a kind of step does: one class in one file, registered by
/// <c>services.AddSingleton&lt;IStepHandler, YourStep&gt;()</c>. An attempt may be repeated (its worker may die), so what it
/// does elsewhere carries <see cref="StepContext.IdempotencyKey"/>.
/// </summary>
internal interface IStepHandler
{
    /// <summary>What plans call it; never renamed, for stored plans name it.</summary>
    string Name { get; }

    /// <summary>
    /// Looks for faults in an input: when the plan is sent, where texts with references are not known yet, and again
    /// before each attempt, when they are.
    /// </summary>
    void Validate(StepInput input);

    /// <summary>
    /// Does it, and answers how it ended. A throw is <see cref="StepOutcome.Retry"/>. <paramref name="ct"/> is cancelled when
    /// the attempt takes too long, the run is cancelled, or the worker drains.
    /// </summary>
    Task<StepOutcome> ExecuteAsync(StepContext step, CancellationToken ct);
}
