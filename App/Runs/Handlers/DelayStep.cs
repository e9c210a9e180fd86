namespace App.Runs.Handlers;

/// <summary><c>delay</c>: waits for <c>{"ms"}</c> or until <c>{"until"}</c>, and holds no worker meanwhile.</summary>
internal sealed class DelayStep(TimeProvider time) : IStepHandler
{
    private const long LongestMs = 366L * 24 * 3600 * 1000;

    /// <inheritdoc/>
    public string Name => "delay";

    /// <inheritdoc/>
    public void Validate(StepInput input)
    {
        input.Only("ms", "until");
        if (input.Has("ms") == input.Has("until")) input.Fault("ms", null, "give either ms, a number of milliseconds, or until, a time");
        input.Integer("ms", 0, LongestMs);
        if (input.Time("until") is { } until && until - time.GetUtcNow() > TimeSpan.FromMilliseconds(LongestMs))
            input.Fault("until", until.ToString("O"), "give a time within a year");
    }

    /// <inheritdoc/>
    public Task<StepOutcome> ExecuteAsync(StepContext step, CancellationToken ct)
    {
        var wait = step.Input.Integer("ms", 0, LongestMs) is { } ms
            ? TimeSpan.FromMilliseconds(ms) : step.Input.Time("until")!.Value - time.GetUtcNow();
        return Task.FromResult(step.HasWaited || wait <= TimeSpan.Zero
            ? StepOutcome.Succeed(new { endedAt = time.GetUtcNow().UtcDateTime })
            : StepOutcome.Wait(wait));
    }
}
