using Npgsql;

namespace App.Engines.Jobs;

/// <summary>An attempt of a job, as its handler sees it.</summary>
internal sealed class JobContext(JobProgress progress, ClaimedJob claimed, long worker, TimeProvider time)
{
    /// <summary>What its pool has read with the claim (<see cref="JobPrefetch"/>), if that is not too long ago.</summary>
    public object? Prefetched => claimed.Prefetched is { } seen && time.GetElapsedTime(seen.At) < seen.Fresh ? seen.Value : null;

    /// <summary>The job.</summary>
    public long Id => claimed.Id;

    /// <summary>Its kind.</summary>
    public string Kind => claimed.Kind;

    /// <summary>Whose it is; empty for the product's own work.</summary>
    public string Organization => claimed.Organization;

    /// <summary>This attempt, from 1. Snoozes and interrupted attempts are not counted.</summary>
    public int Attempt => claimed.Attempt;

    /// <summary>Attempts that it has.</summary>
    public int MaxAttempts => claimed.MaxAttempts;

    /// <summary>Whether a failure of this attempt is the last.</summary>
    public bool IsLastAttempt => Attempt >= MaxAttempts;

    /// <summary>Says how far it is; shown in the dashboard, written at most once a second.</summary>
    /// <param name="share">0 to 1.</param>
    /// <param name="text">At most 200 characters are kept.</param>
    public void Report(double share, string text) => progress.Report(Id, share, text);

    /// <summary>Adds a line to the job's log (at most 500 lines of 2,000 characters are kept).</summary>
    public void Log(string line) => progress.Log(Id, Attempt, line);

    /// <summary>
    /// Completes the job in the handler's own transaction: its effects and its end are one commit, fenced by the lease.
    /// Answer what it answers once the transaction is committed.
    /// </summary>
    /// <exception cref="PostgresException">SQLSTATE TD003: the lease is lost, and the transaction cannot be committed.</exception>
    public Task<JobOutcome> CompleteInAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken ct) =>
        JobStore.CompleteInAsync(connection, transaction, worker, claimed, ct);
}
