using App.Platform.Database;
using App.Platform.Serving;

namespace App.Engines.Jobs;

/// <summary>
/// Renews the lease under which a worker holds its jobs, stops those that are to be cancelled, releases those that the
/// database says it holds and it does not know of, and writes progress, logs and counts.
/// </summary>
internal sealed class JobHeartbeat(
    Postgres postgres, JobOptions options, HeldJobs held, JobProgress progress, JobTally tally, Notifications notifications,
    TimeProvider time, ILogger<JobHeartbeat> log)
    : Loop("The heartbeat of the job worker", time, log)
{
    private readonly Signal cancels = notifications.On(JobOptions.CancelChannel);
    private (JobSession? Session, long At) beaten;
    private long reconciled;

    /// <summary>One beat.</summary>
    public override async Task<Pause> TickAsync(CancellationToken ct)
    {
        var cancelled = cancels.Next;
        if (held.Session is { } mine)
        {
            await RenewAsync(mine);
            await progress.FlushAsync(CancellationToken.None);
            await tally.FlushAsync(CancellationToken.None);
        }
        return new(options.Beat, cancelled);
    }

    private async Task RenewAsync(JobSession mine)
    {
        // Not renewed for so long, the lease has ended, whether or not the database can be asked.
        if (mine == beaten.Session && Time.GetElapsedTime(beaten.At) > options.Lease) held.Lose(mine);
        var at = Time.GetTimestamp();
        if (await mine.BeatAsync(postgres, options, CancellationToken.None) is not { } cancelled)
        {
            held.Lose(mine);
            return;
        }
        beaten = (mine, at);
        foreach (var attempt in held.Running.Where(attempt => cancelled.Contains(attempt.Job.Id))) attempt.Stop(StopReason.Cancelled);
        await ReconcileAsync(mine);
    }

    // Releases jobs that the database says this worker holds but whose claim reply never arrived.
    private async Task ReconcileAsync(JobSession mine)
    {
        if (Time.GetElapsedTime(reconciled) < options.Lease / 3) return;
        reconciled = Time.GetTimestamp();
        var before = await mine.HeldAsync(postgres, CancellationToken.None);
        if (before.All(held.Holds)) return;
        // Some may have ended between the look there and the look here: only what is unknown here before and after a second look counts.
        var unknown = before.Where(job => !held.Holds(job)).Select(job => (job.Id, job.Claim)).ToHashSet();
        var lost =
            (await mine.HeldAsync(postgres, CancellationToken.None)).Where(job =>
                unknown.Contains((job.Id, job.Claim)) && !held.Holds(job)).ToList();
        if (lost.Count == 0) return;
        Log.LogWarning("Released {Count} jobs whose claim reply never arrived", lost.Count);
        await using var connection = await postgres.Source.OpenConnectionAsync();
        await using var command = JobStore.Finish(connection, null, mine.Worker, lost.ConvertAll(job => JobStore.Release(job)));
        await command.ExecuteNonQueryAsync();
    }
}
