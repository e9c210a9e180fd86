using System.Globalization;
using System.Linq.Expressions;
using App.Platform.Database;
using Hangfire;
using Hangfire.Client;
using Hangfire.Common;
using Hangfire.States;

namespace App.Engines.Background;

/// <summary>Enqueues background jobs, in both roles: by themselves, or in the transaction of what they belong to.</summary>
internal sealed class BackgroundJobs(
    JobStorage storage, BackgroundStorage storages, IBackgroundJobFactory factory, IBackgroundJobStateChanger states,
    BackgroundJobTypes types)
{
    /// <summary>Parameter of a job: the fire of a schedule that made it.</summary>
    public const string FireParameter = "Fire";

    /// <summary>Enqueues a call.</summary>
    /// <returns>The job's id, once it is committed.</returns>
    /// <exception cref="ArgumentException">The class is no background job of this application.</exception>
    public long Enqueue<TJob>(Expression<Func<TJob, Task>> call) where TJob : class => Create(storage, BackgroundCall.Of(call), null);

    /// <summary>Whether this process can run a call.</summary>
    public bool Knows(BackgroundCall call) => types.CanRun(call);

    /// <summary>Enqueues a call in a transaction: the job is there when, and only when, that is committed.</summary>
    /// <param name="transaction">The transaction.</param>
    /// <param name="call">The call.</param>
    /// <param name="fire">The fire of a schedule that it is for: the idempotency key of all its attempts.</param>
    /// <exception cref="ArgumentException">The class is no background job of this application.</exception>
    public long Enqueue(ShortTransaction transaction, BackgroundCall call, long? fire) =>
        transaction.Join(() => Create(storages.Over(transaction.Connection), call, fire));

    private long Create(JobStorage into, BackgroundCall call, long? fire)
    {
        if (call.Read() is not { } job || types.Find(job.Type) is not { } type)
            throw new ArgumentException($"{call.Name} is no background job of this version.", nameof(call));
        var client = new BackgroundJobClient(into, factory, states);
        var parameters = fire is null ? null : new Dictionary<string, object> { [FireParameter] = fire.Value };
        var id = client.Create(new Job(job.Type, job.Method, job.Args, type.Queue), new EnqueuedState(type.Queue), parameters);
        return long.Parse(id, CultureInfo.InvariantCulture);
    }
}
