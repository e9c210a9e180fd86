namespace App.Engines.Jobs;

/// <summary>Why a running job was told to stop.</summary>
internal enum StopReason
{
    /// <summary>It was not.</summary>
    None,

    /// <summary>Somebody cancelled it.</summary>
    Cancelled,

    /// <summary>It took longer than its kind allows.</summary>
    TimedOut,

    /// <summary>The worker drains.</summary>
    Draining,

    /// <summary>The worker's lease is lost: the job is another's.</summary>
    LeaseLost,
}

/// <summary>An attempt under way: how it is told to stop, and how long it may take to do so.</summary>
internal sealed class RunningJob : IDisposable
{
    private readonly CancellationTokenSource stop;
    private readonly CancellationTokenSource overdue;
    private TimeSpan grace;
    private int reason;

    /// <summary>Begins to count its time.</summary>
    public RunningJob(ClaimedJob job, JobKind kind, TimeSpan grace, TimeProvider time)
    {
        (Job, Kind, this.grace) = (job, kind, grace);
        stop = new CancellationTokenSource(kind.Timeout, time);
        overdue = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        stop.Token.UnsafeRegister(static self => ((RunningJob)self!).Stopped(), this);
    }

    /// <summary>What runs.</summary>
    public ClaimedJob Job { get; }

    /// <summary>Its kind.</summary>
    public JobKind Kind { get; }

    /// <summary>Why it was told to stop.</summary>
    public StopReason Reason => (StopReason)Volatile.Read(ref reason);

    /// <summary>For the handler.</summary>
    public CancellationToken Stopping => stop.Token;

    /// <summary>Cancelled when it was told to stop and has not within the grace.</summary>
    public CancellationToken Overdue => overdue.Token;

    /// <summary>Tells it to stop; the first reason counts.</summary>
    /// <param name="why">The reason.</param>
    /// <param name="within">Where there is less time than the usual grace.</param>
    public void Stop(StopReason why, TimeSpan? within = null)
    {
        if (Interlocked.CompareExchange(ref reason, (int)why, (int)StopReason.None) != (int)StopReason.None) return;
        if (within < grace) grace = within.Value;
        try
        {
            // Not on this thread: what hangs on the token is the handler's own code.
            _ = stop.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // It has ended meanwhile.
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        stop.Dispose();
        overdue.Dispose();
    }

    private void Stopped()
    {
        Interlocked.CompareExchange(ref reason, (int)StopReason.TimedOut, (int)StopReason.None);
        overdue.CancelAfter(grace);
    }
}
