using System.Collections.Concurrent;
using App.Platform.Database;

namespace App.Runs.Execution;

/// <summary>
/// Tells those of this process who follow a run that it has changed, wherever that was. A hint that may be lost with its
/// connection: followers look by themselves as well.
/// </summary>
internal sealed class RunSignals
{
    /// <summary>Channel on which a commit names the run that it has changed.</summary>
    public const string Channel = "tandem_runs";

    private readonly ConcurrentDictionary<Guid, TaskCompletionSource> waiting = new();

    /// <summary>Listens from now on.</summary>
    public RunSignals(Notifications notifications) => notifications.Hear(Channel, Hear);

    /// <summary>Completed by the run's next change. Take it before looking, so that nothing falls between.</summary>
    public Task Next(Guid run) => waiting.GetOrAdd(run, _ => new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>Wakes those who follow a run; the last of them to leave does so too, so that nothing is kept.</summary>
    public void Pulse(Guid run)
    {
        if (waiting.TryRemove(run, out var pulse)) pulse.TrySetResult();
    }

    private void Hear(string said)
    {
        if (Guid.TryParse(said, out var run)) Pulse(run);
        else foreach (var one in waiting.Keys) Pulse(one);
    }
}
