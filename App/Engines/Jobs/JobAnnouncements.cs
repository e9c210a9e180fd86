using System.Collections.Concurrent;
using App.Platform.Database;

namespace App.Engines.Jobs;

/// <summary>
/// Wakes the pools of this process when there may be jobs for them. A notification (<c>jobs_announce</c> in the schema) names
/// the queue to which jobs were added; one without a name means any queue.
/// </summary>
internal sealed class JobAnnouncements
{
    private readonly ConcurrentDictionary<string, Signal> queues = new(StringComparer.Ordinal);
    private readonly Signal others = new();

    /// <summary>Listens from now on.</summary>
    public JobAnnouncements(Notifications notifications) => notifications.Hear(JobOptions.Channel, Announce);

    /// <summary>The signal of a pool.</summary>
    public Signal Of(JobPool pool) => pool.Queue is { } queue ? queues.GetOrAdd(queue, _ => new Signal()) : others;

    private void Announce(string queue)
    {
        if (queues.TryGetValue(queue, out var signal))
        {
            signal.Pulse();
            return;
        }
        others.Pulse();
        if (queue.Length > 0) return;
        foreach (var pool in queues.Values) pool.Pulse();
    }
}
