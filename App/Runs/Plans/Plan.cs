using System.Text.Json;

namespace App.Runs.Plans;

/// <summary>A plan that was found to be in order.</summary>
/// <param name="Goal">What it is for, in its sender's words.</param>
/// <param name="Priority">Lower runs sooner.</param>
/// <param name="Steps">Its steps, as they were sent.</param>
internal sealed record Plan(string Goal, int Priority, IReadOnlyList<PlanStep> Steps);

/// <summary>A step of a plan.</summary>
/// <param name="Name">Unique in the plan.</param>
/// <param name="Handler">Name of a registered handler.</param>
/// <param name="Input">What the handler is given, with references to earlier outputs.</param>
/// <param name="DependsOn">Names of the steps that must succeed before it.</param>
/// <param name="TimeoutMs">How long an attempt may take.</param>
/// <param name="MaxAttempts">Attempts that it has.</param>
/// <param name="ContinueOnError">Whether the run goes on as if it had succeeded when it fails.</param>
internal sealed record PlanStep(
    string Name, string Handler, JsonElement Input, IReadOnlyList<string> DependsOn, int TimeoutMs, int MaxAttempts, bool ContinueOnError);
