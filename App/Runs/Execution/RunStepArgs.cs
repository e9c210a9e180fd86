namespace App.Runs.Execution;

/// <summary>What a job of kind <c>run.step</c> is about.</summary>
/// <param name="RunId">The run.</param>
/// <param name="Step">The step's name.</param>
/// <param name="Activation">Which of the step's jobs it is; one that is not the newest does nothing.</param>
internal sealed record RunStepArgs(Guid RunId, string Step, int Activation);
