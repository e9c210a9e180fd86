namespace App.Runs.Handlers;

/// <summary>
/// <c>human.approval</c>: waits until a person answers <c>POST /api/runs/{id}/steps/{name}/approve</c>, and holds no worker
/// meanwhile. With <c>timeoutMs</c> it fails when nobody has answered by then.
/// </summary>
internal sealed class HumanApprovalStep : IStepHandler
{
    /// <summary>What plans call it.</summary>
    public const string HandlerName = "human.approval";

    private const long LongestMs = 366L * 24 * 3600 * 1000;

    /// <inheritdoc/>
    public string Name => HandlerName;

    /// <inheritdoc/>
    public void Validate(StepInput input)
    {
        input.Only("message", "timeoutMs");
        input.Text("message");
        input.Integer("timeoutMs", 1, LongestMs);
    }

    /// <inheritdoc/>
    public Task<StepOutcome> ExecuteAsync(StepContext step, CancellationToken ct)
    {
        var timeout = step.Input.Integer("timeoutMs", 1, LongestMs);
        return Task.FromResult(step.HasWaited
            ? StepOutcome.Fail($"Nobody approved it within {timeout} ms (input.timeoutMs).")
            : StepOutcome.Wait(timeout is { } ms ? TimeSpan.FromMilliseconds(ms) : null));
    }
}
