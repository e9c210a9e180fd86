using App.Platform.Database;
using App.Platform.Serving;
using Npgsql;

namespace App.Engines.Jobs;

/// <summary>
/// Claims jobs in batches while there is room to run them. Short jobs are claimed ahead, so that no round trip is waited for
/// between two of them.
/// </summary>
internal sealed class JobClaimer : Loop
{
    private readonly HeldJobs held;
    private readonly JobExecutor executor;
    private readonly JobOptions options;
    private readonly JobPool pool;
    private readonly string[] kinds;
    private readonly string[] queuesOfOtherPools;
    private readonly int mostTogether;
    private readonly ClaimPace pace;
    private readonly Signal added;

    // What a claim takes is fenced by its lease, so a crash of the database that forgets it does no harm (and where it would,
    // jobs_claim waits for the disk all the same).
    private readonly OwnConnection connection;
    private (string Queue, string Organization) after = ("", "");
    private Task? lastAdded;

    /// <summary>Claims for a pool.</summary>
    public JobClaimer(
        Postgres postgres, JobOptions options, IEnumerable<JobKind> kinds, IEnumerable<JobPool> pools, JobPool pool, HeldJobs held,
        JobExecutor executor, JobAnnouncements announcements,
        TimeProvider time, ILogger<JobClaimer> log) : base("Claiming jobs", time, log)
    {
        (this.held, this.executor, this.options, this.pool) = (held, executor, options, pool);
        this.kinds = [.. kinds.Select(kind => kind.Name).Order(StringComparer.Ordinal)];
        queuesOfOtherPools = pool.Queue is null ? [.. pools.Select(other => other.Queue!)] : [];
        mostTogether = pool.MostTogether ?? options.MostTogether;
        pace = new(pool.Poll ?? options.Poll);
        added = announcements.Of(pool);
        connection = new(postgres, "claim", "set synchronous_commit = off");
    }

    /// <summary>Looks for jobs once, if there is room for some.</summary>
    public override async Task<Pause> TickAsync(CancellationToken ct)
    {
        var session = await held.RegisterAsync(ct);
        if (lastAdded is { IsCompleted: true }) pace.Announced();
        // Taken before looking, so that nothing falls between.
        var (announced, room) = (added.Next, held.Room);
        lastAdded = announced;
        var ahead = executor.Ahead;
        var free = pool.Concurrency + ahead - held.Occupied;
        // Few places are not worth a round trip while there is enough to do.
        if (free < Math.Min(mostTogether / 2, Math.Max(1, ahead / 4))) return new(pace.Poll, room);
        var limit = Math.Min(free, mostTogether);
        var claimed = await ClaimAsync(session, limit, ahead > 0, ct);
        return claimed > 0 ? pace.Found(claimed, limit) : new Pause(pace.FoundNone(), announced);
    }

    /// <inheritdoc/>
    protected override async Task EndAsync() => await connection.DisposeAsync();

    private async Task<int> ClaimAsync(JobSession session, int limit, bool ahead, CancellationToken ct)
    {
        var open = await connection.OpenAsync(ct);
        var jobs = new List<(short Rank, ClaimedJob Job)>(limit);
        try
        {
            await ReadAsync(open, session, limit, ahead, jobs);
        }
        catch (PostgresException e) when (e.SqlState == JobStore.LeaseLost)
        {
            held.Lose(session);
            return 0;
        }
        foreach (var job in JobSequences.InOrder(held.Add(jobs)))
            if (held.Sequences.Enter(job, session)) executor.Start(job, session);
        after = JobLine.Last(after, jobs);
        return jobs.Count;
    }

    // Finished once begun: a claim that is cut off may have been made, and is then found by the heartbeat.
    private async Task ReadAsync(NpgsqlConnection open, JobSession session, int limit, bool ahead, List<(short Rank, ClaimedJob Job)> jobs)
    {
        var suspects = Math.Max(0, pool.Concurrency - held.RunningCount);
        var solo = held.Running.All(one => one.Job.Crashes < 2);
        var together = Math.Clamp(options.MostAhead / limit, 1, pool.Together);
        await using var command = JobStore.Claim(open, session.Worker, kinds, limit, ahead, suspects, solo, after, pool.Queue,
            queuesOfOtherPools, together, pool.Prefetch);
        await using var reader = await command.ExecuteReaderAsync(CancellationToken.None);
        var at = Time.GetTimestamp();
        while (await reader.ReadAsync(CancellationToken.None)) jobs.Add(JobStore.ReadClaimed(reader, pool.Prefetch, at));
    }
}
