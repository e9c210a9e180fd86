using System.Globalization;
using App.Platform.Database;
using Hangfire.Common;
using Hangfire.States;
using Hangfire.Storage;

namespace App.Engines.Background.Running;

/// <summary>
/// Changes states of jobs as Hangfire does, but for the end of an attempt: that is written only while the attempt holds
/// its job. Hangfire itself lets a worker that was paused mark a job as done that another is running by now.
/// </summary>
internal sealed class FencedStates(Postgres postgres, BackgroundStorage storages, IJobFilterProvider filters, ILogger<FencedStates> log)
    : IBackgroundJobStateChanger, IDisposable
{
    private static readonly TimeSpan LockPatience = TimeSpan.FromMinutes(1);
    private readonly BackgroundJobStateChanger inner = new(filters);

    // A worker is a thread: it puts a job in the state "Processing", performs it and writes its end.
    private readonly ThreadLocal<AttemptFence?> claimed = new();

    /// <summary>The fence of the job that this thread has claimed; null: it was taken from it.</summary>
    public AttemptFence? Claimed(string job) => claimed.Value is { } fence && fence.JobId == Id(job) ? fence : null;

    /// <inheritdoc/>
    public IState? ChangeState(StateChangeContext context)
    {
        if (context.NewState is ProcessingState processing) return Claim(context, processing);
        return context.ExpectedStates?.SequenceEqual([ProcessingState.StateName]) == true && Claimed(context.BackgroundJobId) is { } fence
            ? End(context, fence) : inner.ChangeState(context);
    }

    /// <summary>Ends a job as succeeded in a transaction, with what an attempt has written in it.</summary>
    /// <param name="transaction">Where the effects are written.</param>
    /// <param name="fence">The attempt.</param>
    /// <param name="effects">Writes them; not called where the attempt has lost its job.</param>
    /// <param name="state">The state, made after the effects.</param>
    /// <param name="ct">Gives up.</param>
    /// <returns>Whether the attempt held its job. Nothing is committed yet.</returns>
    public async Task<bool> SucceedAsync(ShortTransaction transaction, AttemptFence fence, Func<Task> effects, Func<SucceededState> state,
        CancellationToken ct)
    {
        var storage = storages.Over(transaction.Connection);
        using var connection = storage.GetConnection();
        // Before the job's row, as everybody does; in this order nobody who is about to take the job can be overlooked.
        var turn = transaction.Join(() => connection.AcquireDistributedJobLock(Text(fence.JobId), LockPatience));
        if (!await fence.HoldsAsync(transaction, ct)) return false;
        await effects();
        return transaction.Join(() =>
        {
            var changed =
                inner.ChangeState(new StateChangeContext(storage, connection, Text(fence.JobId), state(), ProcessingState.StateName));
            turn.Dispose();
            return changed is SucceededState;
        });
    }

    /// <inheritdoc/>
    public void Dispose() => claimed.Dispose();

    private IState? Claim(StateChangeContext context, ProcessingState processing)
    {
        claimed.Value = null;
        var state = inner.ChangeState(context);
        if (state is not ProcessingState) return state;
        using var command = postgres.Source.CreateCommand(AttemptFence.ClaimSql);
        command.Parameters.Add(new() { Value = Id(context.BackgroundJobId) });
        command.Parameters.Add(new() { Value = processing.ServerId });
        command.Parameters.Add(new() { Value = processing.WorkerId });
        if (command.ExecuteScalar() is long row) claimed.Value = new(Id(context.BackgroundJobId), row);
        return state;
    }

    // Lock, check and end are one transaction: nothing can come between them, however long this process sleeps.
    private IState? End(StateChangeContext context, AttemptFence fence)
    {
        if (fence.Ended) return null;
        using var transaction = ShortTransaction.Begin(postgres.Source);
        var ended = transaction.Join(() =>
        {
            var storage = storages.Over(transaction.Connection);
            using var connection = storage.GetConnection();
            using var turn = connection.AcquireDistributedJobLock(context.BackgroundJobId, LockPatience);
            return fence.Holds(transaction)
                ? inner.ChangeState(new StateChangeContext(storage, connection, context.BackgroundJobId, context.NewState,
                    context.ExpectedStates, context.CancellationToken))
                : null;
        });
        transaction.Commit();
        if (ended is null)
            log.LogWarning("Background job {Id} was ended by an attempt that no longer holds it; its end was dropped",
                context.BackgroundJobId);
        return ended;
    }

    private static long Id(string job) => long.Parse(job, CultureInfo.InvariantCulture);

    private static string Text(long job) => job.ToString(CultureInfo.InvariantCulture);
}
