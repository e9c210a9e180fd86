using System.Diagnostics;

namespace App.Runs.Execution;

/// <summary>The trace of a step: within that of its job, which was queued in the trace of what came before it in the run.</summary>
internal static class RunTrace
{
    private static readonly ActivitySource Source = new("Tandem.Runs");

    /// <summary>Begins the activity of an attempt; null: nobody traces it.</summary>
    public static Activity? Begin(BegunStep step) => Source.StartActivity("step " + step.Handler)?
        .SetTag("tandem.run.id", step.Run.Id).SetTag("tandem.run.step", step.Name).SetTag("tandem.run.attempt", step.Number);
}
