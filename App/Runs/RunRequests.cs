using System.Text.Json;
using App.Runs.Plans;

namespace App.Runs;

/// <summary>What <c>POST /api/runs</c> takes; <see cref="PlanParser"/> reads it.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Priority">Lower runs sooner: -1000 to 1000.</param>
/// <example>
/// {"plan":{"goal":"Tell the house what last night cost","steps":[
/// {"name":"price","handler":"http.request","input":{"url":"https://example.org/price"}},
/// {"name":"ok","handler":"human.approval","input":{"message":"Send {{steps.price.output.body}}?"},"dependsOn":["price"]}]},"priority":0}
/// </example>
internal sealed record RunRequest(PlanRequest Plan, int Priority = 0);

/// <summary>A plan as it is sent.</summary>
/// <param name="Steps">At most 1000.</param>
/// <param name="Goal">What it is for.</param>
internal sealed record PlanRequest(IReadOnlyList<StepRequest> Steps, string Goal = "");

/// <summary>A step of a plan as it is sent.</summary>
/// <param name="Name">Unique in the plan: 1 to 128 of <c>A-Za-z0-9._:-</c>.</param>
/// <param name="Handler">Name of a handler, such as <c>http.request</c>.</param>
/// <param name="Input">What the handler is given; texts may refer to outputs of earlier steps: <c>{{steps.NAME.output.PATH}}</c>.</param>
/// <param name="DependsOn">Names of the steps that must succeed before it.</param>
/// <param name="TimeoutMs">How long an attempt may take; the installation has a usual time.</param>
/// <param name="MaxAttempts">Attempts that it has; the installation has a usual number.</param>
/// <param name="ContinueOnError">Whether the run goes on as if it had succeeded when it fails.</param>
internal sealed record StepRequest(
    string Name, string Handler, IReadOnlyDictionary<string, JsonElement>? Input = null, IReadOnlyList<string>? DependsOn = null,
    int? TimeoutMs = null, int? MaxAttempts = null, bool ContinueOnError = false);

/// <summary>A person's answer to a step that waits for it.</summary>
/// <param name="Approved">Whether the run may go on.</param>
/// <param name="Comment">Why, at most 10,000 characters.</param>
/// <example>{"approved":true,"comment":"Fine."}</example>
internal sealed record ApprovalRequest(bool Approved, string? Comment = null);
