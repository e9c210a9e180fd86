using App.Engines.Background;
using App.Platform;
using App.Platform.Configuration;
using App.Platform.Observability;
using Quartz;
using Serilog.Extensions.Logging;

namespace App.Engines.Schedules;

/// <summary>Cron schedules: at their times a background job is enqueued, once however many workers there are.</summary>
internal sealed class SchedulesModule : Module
{
    private const int Alarms = 4;

    /// <inheritdoc/>
    public override void AddServices(IServiceCollection services, Variables variables)
    {
        services.AddSingleton(ScheduleOptions.Read(variables));
        services.AddSingleton<ScheduleMetrics>()
            .AddSingleton<ScheduleFiring>().AddSingleton<ScheduleRuns>().AddSingleton<SchedulesHealth>();
        services.AddSingleton(provider => new HealthPart("schedules", provider.GetRequiredService<SchedulesHealth>().CheckAsync));
        services.AddBackgroundJob<PruneFires>(job => job with { Queue = BackgroundQueues.Upkeep });
        // When most houses sleep.
        services.AddSchedule<PruneFires>("schedules.prune", "20 3 * * *", "UTC", job => job.RunAsync(CancellationToken.None),
            schedule => schedule with { Description = "Deletes fires of schedules beyond the last 90 days or 1,000 of each." });
    }

    /// <inheritdoc/>
    public override void CheckServices(IServiceCollection services, Variables variables) => ScheduleCheck.Check(services, variables);

    /// <inheritdoc/>
    public override void AddWorkers(IServiceCollection services)
    {
        services.AddQuartz(quartz => quartz.UseInMemoryStore().UseDefaultThreadPool(Alarms));
        // Named with its provider, which otherwise takes everything.
        services.Configure<LoggerFilterOptions>(log => log.AddFilter<SerilogLoggerProvider>("Quartz", LogLevel.Warning));
        services.AddSingleton<ScheduleDeclarations>().AddSingleton<ScheduleAlarm>();
        services.AddHostedService<ScheduleWorker>();
    }

    /// <inheritdoc/>
    public override void MapEndpoints(IEndpointRouteBuilder routes) => ScheduleEndpoints.Map(routes);
}
