using App.Platform.Database;
using App.Platform.Serving;

namespace App.Engines.Schedules;

/// <summary>
/// Fires schedules in a worker: at the planned instants, to which its alarm wakes it, and at every tick whatever is due
/// by then, which is also how missed fires, other versions' changes and a resumed schedule are found.
/// </summary>
internal sealed class ScheduleWorker(
    ScheduleDeclarations declarations, ScheduleFiring firing, ScheduleRuns runs, ScheduleAlarm alarm, ScheduleOptions options, TimeProvider time, ILogger<ScheduleWorker> log)
    : DrainingService
{
    private static readonly TimeSpan AfterFault = TimeSpan.FromSeconds(1);

    /// <summary>One tick: declares, looks what became of fires, fires what is due, and sets the alarms for what comes.</summary>
    public async Task TickAsync(CancellationToken ct)
    {
        await declarations.TickAsync(ct);
        await runs.KeepAsync(ct);
        foreach (var key in await runs.DeclaredAsync(ct)) await FireAsync(key);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        alarm.OnTime = (key, _) => stoppingToken.IsCancellationRequested ? Task.CompletedTask : FireAsync(key);
        await alarm.StartAsync(CancellationToken.None);
        while (!stoppingToken.IsCancellationRequested)
        {
            var pause = options.Tick;
            try
            {
                // Finished once begun: it is short, and a fire that is cut off would only be repeated elsewhere.
                await TickAsync(CancellationToken.None);
            }
            catch (Exception e)
            {
                pause = AfterFault;
                log.LogWarning(TransientFault.Is(e) ? null : e, "Schedules could not be looked at, trying again: {Error}", e.Message);
            }
            await Task.Delay(pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        await alarm.StopAsync();
        await LeaveAsync();
    }

    // One that cannot be fired keeps no other from it.
    private async Task FireAsync(string key)
    {
        try
        {
            var now = await firing.NowAsync(CancellationToken.None);
            // Set by the span between two times of the database's clock: this machine's may be wrong.
            if (await firing.FireDueAsync(key, now, CancellationToken.None) is { } next) await alarm.SetAsync(key, time.GetUtcNow() + (next - now), CancellationToken.None);
        }
        catch (Exception e) when (TransientFault.Is(e))
        {
            log.LogWarning("Schedule {Key:l} could not be fired, trying again: {Error}", key, e.Message);
            await alarm.SetAsync(key, time.GetUtcNow() + AfterFault, CancellationToken.None);
        }
        catch (Exception e)
        {
            log.LogError(e, "Schedule {Key:l} cannot be fired: {Error}", key, e.Message);
        }
    }

    private async Task LeaveAsync()
    {
        try
        {
            await declarations.LeaveAsync(CancellationToken.None);
        }
        catch (Exception e) when (TransientFault.Is(e))
        {
            log.LogWarning("Schedules could not be signed off, and this worker will be missed for a while: {Error}", e.Message);
        }
    }
}
