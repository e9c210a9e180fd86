using System.Diagnostics;
using System.Threading.Channels;

namespace App.Engines.Jobs;

/// <summary>Runs the jobs that were claimed, as many at once as the pool has places, and hands their ends to the end writer.</summary>
internal sealed class JobExecutor(
    HeldJobs held, JobEndWriter ends, JobRunner runner, JobTally tally, JobMetrics metrics, JobLog log, IEnumerable<JobKind> kinds,
    JobOptions options, JobPool pool, TimeProvider time)
{
    // Jobs on average shorter than this are claimed ahead, as many as are run within the span behind it.
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan AheadOf = TimeSpan.FromMilliseconds(30);

    private readonly Dictionary<string, JobKind> known = kinds.ToDictionary(kind => kind.Name, StringComparer.Ordinal);
    private readonly Channel<(ClaimedJob Job, JobSession Session)> ready = Channel.CreateUnbounded<(ClaimedJob, JobSession)>();
    private double averageTicks = Short.Ticks;

    /// <summary>How many jobs should be claimed ahead of room to run them: none unless they are short.</summary>
    public int Ahead => Volatile.Read(ref averageTicks) is var ticks && ticks < Short.Ticks
        ? (int)Math.Min(options.MostAhead, pool.Concurrency * AheadOf.Ticks / Math.Max(1, ticks)) : 0;

    /// <summary>Runs a job as soon as there is a place.</summary>
    public void Start(ClaimedJob job, JobSession session) => ready.Writer.TryWrite((job, session));

    /// <summary>Nothing more is started.</summary>
    public void Complete() => ready.Writer.Complete();

    /// <summary>Runs jobs; done when all that were started before <see cref="Complete"/> have ended.</summary>
    public Task RunAsync() =>
        Task.WhenAll(Enumerable.Range(0, pool.Concurrency).Select(_ => Task.Run(RunPlaceAsync, CancellationToken.None)));

    private async Task RunPlaceAsync()
    {
        await foreach (var first in ready.Reader.ReadAllAsync())
        {
            // Then those that wait behind it in its order.
            for ((ClaimedJob Job, JobSession Session)? next = first; next is { } one;)
            {
                next = null;
                if (one.Session != held.Session || held.IsDraining) GiveBack([one, .. held.Sequences.Break(one.Job)]);
                else if (await ExecuteAsync(one.Job, one.Session) is not { } outcome) GiveBack(held.Sequences.Break(one.Job));
                else next = GoOn(held.Sequences.Next(one.Job, outcome));
            }
        }
    }

    // The first runs in the place of the job before it, any others in places of their own.
    private (ClaimedJob Job, JobSession Session)? GoOn(IReadOnlyList<(ClaimedJob Job, JobSession Session)> next)
    {
        for (var i = 1; i < next.Count; i++)
            if (!ready.Writer.TryWrite(next[i])) GiveBack([next[i], .. held.Sequences.Break(next[i].Job)]);
        return next.Count > 0 ? next[0] : null;
    }

    // How it ended; null: those behind it in its order may not run.
    private async Task<JobOutcome?> ExecuteAsync(ClaimedJob job, JobSession session)
    {
        using var attempt = new RunningJob(job, known[job.Kind], options.Grace, time);
        held.Begin(attempt);
        using var scope = log.Begin(job);
        var began = Stopwatch.GetTimestamp();
        var outcome = await runner.RunAsync(attempt, session.Worker);
        var took = Stopwatch.GetElapsedTime(began);
        held.End(attempt);
        Volatile.Write(ref averageTicks, (averageTicks * 0.95) + (took.Ticks * 0.05));
        metrics.Ran(job.Kind, took);
        log.Ended(job, outcome, took);

        if (outcome is JobOutcome.Settled)
        {
            tally.Add(job.Kind, "succeeded", took);
            held.Remove(job);
            return outcome;
        }
        if (attempt.Reason == StopReason.LeaseLost && outcome.Effect is null)
        {
            held.Remove(job);
            return null;
        }
        var ending = JobStore.End(job, attempt.Kind, outcome, Random.Shared.NextDouble());
        tally.Add(job.Kind, ending.Outcome, took);
        ends.Write(ending, session);
        return ending.HoldsOrder && job.OrderWidth == 1 ? null : outcome;
    }

    // Jobs that were claimed and not begun.
    private void GiveBack(IReadOnlyList<(ClaimedJob Job, JobSession Session)> jobs)
    {
        foreach (var (job, session) in jobs)
            if (session == held.Session) ends.Write(JobStore.Release(job), session);
            else held.Remove(job);
    }
}
