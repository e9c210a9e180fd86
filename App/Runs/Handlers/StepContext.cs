namespace App.Runs.Handlers;

/// <summary>An attempt of a step, as its handler sees it.</summary>
/// <param name="RunId">The run.</param>
/// <param name="Organization">Whose it is; bind every query to it.</param>
/// <param name="Step">The step's name.</param>
/// <param name="Attempt">From 1.</param>
/// <param name="HasWaited">Whether the attempt goes on after <see cref="StepOutcome.Wait"/>.</param>
/// <param name="Input">The input with its references resolved.</param>
internal sealed record StepContext(Guid RunId, string Organization, string Step, int Attempt, bool HasWaited, StepInput Input)
{
    /// <summary>One for the step, the same on every attempt: lets the far side know a repetition.</summary>
    public string IdempotencyKey => $"{RunId}:{Step}";
}
