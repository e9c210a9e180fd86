using App.Platform.Database;
using App.Platform.Serving;

namespace App.Engines.Schedules;

/// <summary>
/// Fires schedules in a worker: at the planned instants, to which its alarm wakes it, and at every tick whatever is due
/// by then, which is also how missed fires, other versions' changes and a resumed schedule are found.
/// </summary>
internal sealed class ScheduleWorker(
    ScheduleDeclarations declarations, ScheduleFiring firing, ScheduleRuns runs, ScheduleAlarm alarm, ScheduleOptions options,
    TimeProvider time, ILogger<ScheduleWorker> log)
    : Loop("Looking at schedules", time, log)
{
    private static readonly TimeSpan AfterFault = TimeSpan.FromSeconds(1);

    /// <summary>One tick: declares, looks what became of fires, fires what is due, and sets the alarms for what comes.</summary>
    public override async Task<Pause> TickAsync(CancellationToken ct)
    {
        // Finished once begun: it is short, and a fire that is cut off would only be repeated elsewhere.
        await declarations.TickAsync(CancellationToken.None);
        await runs.KeepAsync(CancellationToken.None);
        foreach (var key in await runs.DeclaredAsync(CancellationToken.None)) await FireAsync(key);
        return options.Tick;
    }

    /// <inheritdoc/>
    protected override Task BeginAsync(CancellationToken ct)
    {
        alarm.OnTime = (key, _) => ct.IsCancellationRequested ? Task.CompletedTask : FireAsync(key);
        return alarm.StartAsync(CancellationToken.None);
    }

    /// <inheritdoc/>
    protected override async Task EndAsync()
    {
        await alarm.StopAsync();
        await declarations.LeaveAsync(CancellationToken.None);
    }

    // One that cannot be fired keeps no other from it.
    private async Task FireAsync(string key)
    {
        try
        {
            var now = await firing.NowAsync(CancellationToken.None);
            // Set by the span between two times of the database's clock: this machine's may be wrong.
            if (await firing.FireDueAsync(key, now, CancellationToken.None) is { } next)
                await alarm.SetAsync(key, Time.GetUtcNow() + (next - now), CancellationToken.None);
        }
        catch (Exception e) when (TransientFault.Is(e))
        {
            Log.LogWarning("Schedule {Key:l} could not be fired, trying again: {Error}", key, e.Message);
            await alarm.SetAsync(key, Time.GetUtcNow() + AfterFault, CancellationToken.None);
        }
        catch (Exception e)
        {
            Log.LogError(e, "Schedule {Key:l} cannot be fired: {Error}", key, e.Message);
        }
    }
}
