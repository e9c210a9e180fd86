using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace App.Jobs;

/// <summary>Adds jobs.</summary>
internal sealed class JobQueue
{
    /// <summary>Adds a job in a commit of its own, shared with others that are added at the same time.</summary>
    public Task<Enqueued> EnqueueAsync(NewJob job, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>Adds jobs in the transaction that is open on the context: they exist exactly when what they are about does.</summary>
    /// <exception cref="InvalidOperationException">No transaction is open.</exception>
    public Task<IReadOnlyList<Enqueued>> EnqueueAsync(DbContext db, IReadOnlyList<NewJob> jobs, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>Adds jobs in the caller's transaction.</summary>
    public Task<IReadOnlyList<Enqueued>> EnqueueAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<NewJob> jobs, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>Adds many plain jobs by COPY.</summary>
    public Task<long> EnqueueManyAsync(IEnumerable<NewJob> jobs, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>Cancels a job: at once when it waits, within seconds when it runs.</summary>
    /// <returns>False: there is no such job, or it has ended.</returns>
    public Task<bool> CancelAsync(long id, CancellationToken ct) => throw new NotImplementedException();
}
