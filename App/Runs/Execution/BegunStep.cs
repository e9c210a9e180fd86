using System.Text.Json;

namespace App.Runs.Execution;

/// <summary>An attempt that has begun, and what there is to do.</summary>
/// <param name="Run">The run.</param>
/// <param name="Name">The step.</param>
/// <param name="Handler">Name of its handler.</param>
/// <param name="Input">As it was sent.</param>
/// <param name="TimeoutMs">How long the attempt may take.</param>
/// <param name="MaxAttempts">Attempts that a job of the step has.</param>
/// <param name="Activation">Which of the step's jobs runs.</param>
/// <param name="Number">The attempt, from 1.</param>
/// <param name="HasWaited">Whether it goes on after a wait.</param>
internal sealed record BegunStep(
    RunHead Run, string Name, string Handler, JsonElement Input, int TimeoutMs, int MaxAttempts, int Activation, int Number,
    bool HasWaited);
