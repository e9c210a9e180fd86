using App.Platform.Http;

namespace App.Engines.Jobs.Api;

/// <summary>A page of jobs.</summary>
/// <param name="Jobs">The newest first.</param>
/// <param name="Next">Cursor of the next page; null at the end.</param>
internal sealed record JobPage(IReadOnlyList<JobRow> Jobs, string? Next);

/// <summary>A job that was steered.</summary>
/// <param name="Id">Number.</param>
/// <param name="State">Its state since.</param>
internal sealed record SteeredJob(long Id, [OneOf("queued")] string State);

/// <summary>A job that was cancelled.</summary>
/// <param name="Id">Number.</param>
/// <param name="State">Its state since; it runs until its handler has stopped.</param>
/// <param name="CancelRequested">Always true.</param>
internal sealed record CancelledJob(long Id, [OneOf("running", "cancelled")] string State, bool CancelRequested);

/// <summary>Jobs that were queued again.</summary>
/// <param name="Redriven">How many.</param>
internal sealed record RedrivenJobs(long Redriven);

/// <summary>Jobs that were cancelled.</summary>
/// <param name="Cancelled">How many were cancelled or told to stop.</param>
internal sealed record CancelledJobs(long Cancelled);

/// <summary>The queues, on one page.</summary>
/// <param name="Queues">By name.</param>
/// <param name="Next">Always null.</param>
internal sealed record QueueList(IReadOnlyList<QueueAnswer> Queues, string? Next);

/// <summary>A queue.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Paused">Whether none of its jobs are claimed.</param>
/// <param name="PausedAt">Since when.</param>
/// <param name="States">Jobs by state; those that succeeded are not counted.</param>
/// <param name="OldestWaitingSeconds">How long the oldest queued job has been due.</param>
/// <example>
/// {"name":"default","paused":false,"pausedAt":null,"states":{"queued":3,"scheduled":0,"waiting":0,"running":1,"dead":0,"cancelled":0},
/// "oldestWaitingSeconds":0.2}
/// </example>
internal sealed record QueueAnswer(
    string Name, bool Paused, DateTime? PausedAt, IReadOnlyDictionary<string, long> States, double? OldestWaitingSeconds)
{
    /// <summary>The answer for a queue.</summary>
    public static QueueAnswer Of(QueueDepth queue) => new(
        queue.Name, queue.PausedAt is not null, queue.PausedAt,
        JobFilter.LiveStates.ToDictionary(state => state, queue.States.GetValueOrDefault), queue.OldestWaitingSeconds);
}

/// <summary>A queue that was paused or resumed.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Paused">Whether none of its jobs are claimed.</param>
/// <param name="PausedAt">Since when.</param>
internal sealed record PausedQueue(string Name, bool Paused, DateTime? PausedAt);

/// <summary>The workers, on one page.</summary>
/// <param name="Workers">By number.</param>
/// <param name="Next">Always null.</param>
internal sealed record WorkerList(IReadOnlyList<WorkerState> Workers, string? Next);
