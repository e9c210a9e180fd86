using App.Platform.Database;

namespace App.Platform.Serving;

/// <summary>
/// How long a <see cref="Loop"/> waits between two ticks: for a span of time, or until something happens that it should look at.
/// </summary>
/// <param name="For">The longest wait; zero: the next tick follows at once.</param>
/// <param name="Until">Ends the wait early.</param>
internal readonly record struct Pause(TimeSpan For, Task? Until = null)
{
    /// <summary>The next tick follows at once.</summary>
    public static Pause None => default;

    /// <summary>A wait of a fixed time.</summary>
    public static implicit operator Pause(TimeSpan time) => new(time);
}

/// <summary>
/// A background loop: one tick after the other until draining begins. A tick that fails does not end the loop: it is tried
/// again, after ever longer pauses while the database is away, and an outage is one warning in the log however long it
/// lasts (<see cref="Outage"/>). A test calls <see cref="TickAsync"/> itself and needs no clock.
/// </summary>
/// <param name="name">For the log, as the subject of a sentence.</param>
/// <param name="time">The clock.</param>
/// <param name="log">The log of the component.</param>
internal abstract class Loop(string name, TimeProvider time, ILogger log) : DrainingService
{
    private readonly Outage outage = new(name, time, log);

    /// <summary>The clock.</summary>
    protected TimeProvider Time => time;

    /// <summary>The log of the component.</summary>
    protected ILogger Log => log;

    /// <summary>
    /// One tick; answers how long to wait for the next. What must not be stopped halfway is called with
    /// <see cref="CancellationToken.None"/>.
    /// </summary>
    /// <param name="ct">Cancelled when draining begins.</param>
    public abstract Task<Pause> TickAsync(CancellationToken ct);

    /// <summary>
    /// Ticks until it is cancelled, and then gives back what it holds. A host calls it; so does a service that consists of several loops.
    /// </summary>
    public async Task RunAsync(CancellationToken ct)
    {
        // So that the start of the host does not wait for the first tick.
        await Task.Yield();
        await BeginAsync(ct);
        while (!ct.IsCancellationRequested)
        {
            try
            {
                var pause = await TickAsync(ct);
                outage.End();
                await WaitAsync(pause, ct);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                await FailedAsync(e);
                await outage.WaitAsync(e, ct);
            }
        }
        try
        {
            await EndAsync();
        }
        catch (Exception e) when (TransientFault.Is(e))
        {
            log.LogWarning("{Loop:l} could not sign off, and what it holds will expire: {Error}", name, e.Message);
        }
    }

    /// <inheritdoc/>
    protected sealed override Task ExecuteAsync(CancellationToken stoppingToken) => RunAsync(stoppingToken);

    /// <summary>Before the first tick.</summary>
    protected virtual Task BeginAsync(CancellationToken ct) => Task.CompletedTask;

    /// <summary>After a tick that failed, before the wait.</summary>
    protected virtual Task FailedAsync(Exception fault) => Task.CompletedTask;

    /// <summary>After the last tick: gives back what it holds, so that others need not wait for it to expire.</summary>
    protected virtual Task EndAsync() => Task.CompletedTask;

    /// <summary>For a tick that goes on for long: it has got through, so a fault from here on is a new one.</summary>
    protected void Succeeded() => outage.End();

    private async Task WaitAsync(Pause pause, CancellationToken ct)
    {
        if (pause.For <= TimeSpan.Zero) return;
        var wait = pause.Until is { } until ? until.WaitAsync(pause.For, time, ct) : Task.Delay(pause.For, time, ct);
        await wait.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
