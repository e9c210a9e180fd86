using App.Platform.Database;
using App.Platform.Serving;

namespace App.Platform.Leases;

/// <summary>Something that one process does for all, every so often; each capability registers its own.</summary>
/// <param name="Name">For the log.</param>
/// <param name="Interval">From the end of one time to the next.</param>
/// <param name="RunOnceAsync">Does it; cancelled when this process leads no more. What must not be written late is checked by the
/// fence.</param>
internal sealed record Duty(string Name, TimeSpan Interval, Func<Fence, CancellationToken, Task> RunOnceAsync)
{
    /// <summary>One that is harmless when two processes do it at once.</summary>
    public Duty(string name, TimeSpan interval, Func<CancellationToken, Task> runOnceAsync)
        : this(name, interval, (_, ct) => runOnceAsync(ct)) { }
}

/// <summary>
/// Keeps the leader lease on one worker, and does the duties there. A duty that takes long does not cost the lease, and
/// one that fails does not keep the others from being done. A leader that is paused does not know at once that it leads
/// no more: duties are harmless when two processes do one at once, or commit through their <see cref="Fence"/>.
/// </summary>
internal sealed class Leader(Postgres postgres, IEnumerable<Duty> duties, TimeProvider time, ILogger<Leader> log)
    : Loop("Leading", time, log)
{
    // Another takes over within the duration and one renewal: 8 s after a crash at the latest.
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Heartbeat = TimeSpan.FromMinutes(1);

    private readonly Lease lease = new(postgres, "leader", Duration);
    private readonly Dictionary<Duty, DateTimeOffset> due = duties.ToDictionary(duty => duty, _ => DateTimeOffset.MinValue);
    private CancellationTokenSource? leading;
    private long? epoch;
    private long beaten;
    private Task working = Task.CompletedTask;

    /// <summary>Whether this process leads, as far as it knows.</summary>
    public bool Leads => leading is { IsCancellationRequested: false };

    /// <summary>Keeps the lease, or seeks it.</summary>
    public override async Task<Pause> TickAsync(CancellationToken ct)
    {
        await SeekAsync(ct);
        return Renewal;
    }

    private async Task SeekAsync(CancellationToken ct)
    {
        var held = await lease.AcquireAsync(ct);
        if (held == epoch)
        {
            if (held is not null) Beat(held.Value);
            return;
        }
        await StepDownAsync();
        if (held is null)
        {
            Log.LogWarning("Lost leader lease");
            return;
        }
        Log.LogInformation("Acquired leader lease (epoch {Epoch})", held);
        foreach (var duty in due.Keys) due[duty] = DateTimeOffset.MinValue;
        (epoch, leading) = (held, new CancellationTokenSource());
        beaten = Time.GetTimestamp();
    }

    // Said once a minute, although the lease is renewed every two seconds.
    private void Beat(long held)
    {
        if (Time.GetElapsedTime(beaten) < Heartbeat) return;
        beaten = Time.GetTimestamp();
        Log.LogInformation("Leader heartbeat (epoch {Epoch})", held);
    }

    /// <summary>
    /// Does the duties that are due, when this process leads: the tick of a loop of their own, so that none of them costs the lease.
    /// </summary>
    public async Task WorkAsync()
    {
        if (leading is not { } mine || epoch is not { } held) return;
        foreach (var duty in due.Where(one => one.Value <= Time.GetUtcNow()).Select(one => one.Key).ToList())
        {
            if (mine.IsCancellationRequested) return;
            try
            {
                await duty.RunOnceAsync(lease.FenceOf(held), mine.Token);
                due[duty] = Time.GetUtcNow() + duty.Interval;
            }
            catch (OperationCanceledException) when (mine.IsCancellationRequested)
            {
                return;
            }
            catch (LeaseLostException e)
            {
                // What it wrote is undone; the next look at the lease steps down, or leads anew.
                Log.LogWarning("The duty {Duty} came too late, and nothing of it was kept: {Error}", duty.Name, e.Message);
                return;
            }
            catch (Exception e)
            {
                due[duty] = Time.GetUtcNow() + (duty.Interval < Duration ? duty.Interval : Duration);
                Log.LogWarning(TransientFault.Is(e) ? null : e, "The duty {Duty} failed, trying again: {Error}", duty.Name, e.Message);
            }
        }
    }

    /// <inheritdoc/>
    protected override Task BeginAsync(CancellationToken ct)
    {
        working = new DutyLoop(this, Time, Log).RunAsync(ct);
        return Task.CompletedTask;
    }

    /// <summary>Whoever is unsure does not lead.</summary>
    protected override Task FailedAsync(Exception fault) => StepDownAsync();

    /// <inheritdoc/>
    protected override async Task EndAsync()
    {
        var held = epoch is not null;
        await StepDownAsync();
        await working;
        if (held) await lease.ReleaseAsync(CancellationToken.None);
    }

    private async Task StepDownAsync()
    {
        if (leading is not null) await leading.CancelAsync();
        (epoch, leading) = (null, null);
    }

    private sealed class DutyLoop(Leader leader, TimeProvider time, ILogger log) : Loop("Doing duties", time, log)
    {
        public override async Task<Pause> TickAsync(CancellationToken ct)
        {
            await leader.WorkAsync();
            return Renewal;
        }
    }
}
