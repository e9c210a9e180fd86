using Quartz;

namespace App.Engines.Schedules;

/// <summary>
/// Wakes this process at planned instants: a Quartz scheduler in memory with one trigger a schedule. It only wakes:
/// what is due then is looked up, so an alarm too early, too late or twice does no harm.
/// </summary>
internal sealed class ScheduleAlarm(ISchedulerFactory factory)
{
    private static readonly JobKey Job = new("wake");
    private IScheduler? scheduler;

    /// <summary>Called with the key of a schedule when its time has come.</summary>
    public Func<string, CancellationToken, Task> OnTime { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>Begins to wake.</summary>
    public async Task StartAsync(CancellationToken ct)
    {
        scheduler = await factory.GetScheduler(ct);
        await scheduler.AddJob(JobBuilder.Create<Wake>().WithIdentity(Job).StoreDurably().Build(), AddJobOptions.Replacing, ct);
        await scheduler.Start(ct);
    }

    /// <summary>Sets the alarm of a schedule, in place of any that is set.</summary>
    public async Task SetAsync(string key, DateTimeOffset at, CancellationToken ct) =>
        await scheduler!.ScheduleTrigger(TriggerBuilder.Create().WithIdentity(key).ForJob(Job).StartAt(at).Build(),
            TriggerConflict.Replace, ct);

    /// <summary>Wakes no more, once what is being fired is fired.</summary>
    public async Task StopAsync()
    {
        if (scheduler is not null) await scheduler.Shutdown(waitForJobsToComplete: true);
    }

    /// <summary>What Quartz runs at the time.</summary>
    internal sealed class Wake(ScheduleAlarm alarm) : IJob
    {
        /// <inheritdoc/>
        public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default) =>
            await alarm.OnTime(context.Trigger.Key.Name, cancellationToken);
    }
}
