using System.Collections.Concurrent;

namespace App.Runs.Execution;

/// <summary>
/// Tells those of this process who follow a run that it has changed. A hint that makes the way short where web and worker
/// are one process; followers look by themselves as well.
/// </summary>
internal sealed class RunSignals
{
    private readonly ConcurrentDictionary<Guid, TaskCompletionSource> waiting = new();

    /// <summary>Completed by the run's next change. Take it before looking, so that nothing falls between.</summary>
    public Task Next(Guid run) => waiting.GetOrAdd(run, _ => new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>Wakes those who follow a run; the last of them to leave does so too, so that nothing is kept.</summary>
    public void Pulse(Guid run)
    {
        if (waiting.TryRemove(run, out var pulse)) pulse.TrySetResult();
    }
}
