namespace App.Runs.Handlers;

/// <summary>How an attempt of a step ended: a value, so that the engine alone decides what becomes of the step.</summary>
internal abstract record StepOutcome
{
    private StepOutcome() { }

    /// <summary>Succeeded.</summary>
    /// <param name="output">Stored as JSON; later steps refer to it. A JsonElement is stored as it is.</param>
    public static StepOutcome Succeed(object output) => new Succeeded(output);

    /// <summary>Failed, and another attempt would fail as well: the step fails at once.</summary>
    public static StepOutcome Fail(string error) => new Failed(error);

    /// <summary>Failed; another attempt may succeed, if any is left.</summary>
    /// <param name="error">What happened.</param>
    /// <param name="after">The pause before it, where the far side has named one; else the usual backoff.</param>
    public static StepOutcome Retry(string error, TimeSpan? after = null) => new Retried(error, after);

    /// <summary>
    /// Waits, and holds no worker meanwhile. The handler is called again afterwards, in the same attempt, with
    /// <see cref="StepContext.HasWaited"/>.
    /// </summary>
    /// <param name="duration">How long; null: until somebody ends the step.</param>
    public static StepOutcome Wait(TimeSpan? duration) => new Waits(duration);

    internal sealed record Succeeded(object Output) : StepOutcome;

    internal sealed record Failed(string Error) : StepOutcome;

    internal sealed record Retried(string Error, TimeSpan? After) : StepOutcome;

    internal sealed record Waits(TimeSpan? Duration) : StepOutcome;
}
