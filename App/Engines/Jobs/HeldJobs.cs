using System.Collections.Concurrent;
using App.Platform.Database;

namespace App.Engines.Jobs;

/// <summary>
/// The jobs that a worker holds, from their claim to the commit of their end, and the lease under which it holds them: what
/// the claimer, the executor, the end writer and the heartbeat of a worker share.
/// </summary>
internal sealed class HeldJobs(Postgres postgres, JobOptions options, ILogger<HeldJobs> log)
{
    private readonly ConcurrentDictionary<(long Id, int Claim), bool> claims = [];
    private readonly ConcurrentDictionary<(long Id, int Claim), RunningJob> running = [];
    private readonly Signal room = new();
    private volatile JobSession? session;
    private volatile bool draining;
    private int count;

    /// <summary>The registration with the database; null while there is none, or when its lease has been lost.</summary>
    public JobSession? Session => session;

    /// <summary>Jobs that wait behind another of their order.</summary>
    public JobSequences Sequences { get; } = new();

    /// <summary>Attempts under way.</summary>
    public ICollection<RunningJob> Running => running.Values;

    /// <summary>How many attempts are under way.</summary>
    public int RunningCount => running.Count;

    /// <summary>Jobs that take up a place. Those that wait behind another of their order take none.</summary>
    public int Occupied => Volatile.Read(ref count) - Sequences.Behind;

    /// <summary>Completed when a job has left.</summary>
    public Task Room => room.Next;

    /// <summary>Whether nothing new may be begun.</summary>
    public bool IsDraining => draining;

    /// <summary>The registration; makes one where there is none.</summary>
    public async Task<JobSession> RegisterAsync(CancellationToken ct)
    {
        if (session is { } current) return current;
        var opened = await JobSession.OpenAsync(postgres, options, ct);
        log.LogInformation("Registered as job worker {Worker}", opened.Worker);
        return session = opened;
    }

    /// <summary>
    /// Takes over what was claimed; answers the jobs that were not held before. (A crash of the database forgets claims that it
    /// has answered. Such a job is claimed again under the same number and still runs here: it goes on.)
    /// </summary>
    public List<(short Rank, ClaimedJob Job)> Add(List<(short Rank, ClaimedJob Job)> claimed)
    {
        var added = claimed.FindAll(one => claims.TryAdd((one.Job.Id, one.Job.Claim), true));
        Interlocked.Add(ref count, added.Count);
        return added;
    }

    /// <summary>Whether this claim of a job is held.</summary>
    public bool Holds(ClaimedJob job) => claims.ContainsKey((job.Id, job.Claim));

    /// <summary>An attempt begins.</summary>
    public void Begin(RunningJob attempt) => running[(attempt.Job.Id, attempt.Job.Claim)] = attempt;

    /// <summary>An attempt has ended; the job is held until that is committed.</summary>
    public void End(RunningJob attempt) => running.TryRemove((attempt.Job.Id, attempt.Job.Claim), out _);

    /// <summary>Jobs are held no more: their ends are committed, or another worker has them.</summary>
    public void Remove(params ReadOnlySpan<ClaimedJob> jobs)
    {
        foreach (var job in jobs) claims.TryRemove((job.Id, job.Claim), out _);
        Interlocked.Add(ref count, -jobs.Length);
        room.Pulse();
    }

    /// <summary>The lease is lost: nothing that was claimed under it is this worker's any more.</summary>
    public void Lose(JobSession lost)
    {
        if (Interlocked.CompareExchange(ref session, null, lost) != lost) return;
        log.LogWarning("Lost the lease of job worker {Worker}: its jobs are run again by whichever worker claims them", lost.Worker);
        StopAll(StopReason.LeaseLost);
    }

    /// <summary>From now on nothing new is begun.</summary>
    public void Drain() => draining = true;

    /// <summary>Tells all attempts to stop.</summary>
    public void StopAll(StopReason reason, TimeSpan? within = null)
    {
        foreach (var attempt in running.Values) attempt.Stop(reason, within);
    }

    /// <summary>Ends the registration.</summary>
    public async Task CloseAsync()
    {
        try
        {
            if (session is { } mine) await mine.CloseAsync(postgres, CancellationToken.None);
        }
        catch (Exception e) when (TransientFault.Is(e))
        {
            log.LogWarning("Job worker {Worker} could not sign off, and its lease will expire: {Error}", session?.Worker, e.Message);
        }
    }
}
