using App.Engines.Background.Dashboard;
using App.Engines.Background.Running;
using App.Engines.Background.Upkeep;
using App.Platform;
using App.Platform.Configuration;
using App.Platform.Leases;
using App.Platform.Observability;
using Hangfire;
using Hangfire.Client;
using Hangfire.Common;
using Hangfire.Server;
using Hangfire.States;

namespace App.Engines.Background;

/// <summary>The application's own work, on Hangfire: what schedules start and what a developer enqueues.</summary>
internal sealed class BackgroundModule : Module
{
    /// <inheritdoc/>
    public override void AddServices(IServiceCollection services, Variables variables)
    {
        services.AddSingleton(BackgroundOptions.Read(variables));
        services.AddSingleton<BackgroundHost>().AddSingleton<BackgroundStorage>()
            .AddSingleton<BackgroundJobTypes>().AddSingleton<BackgroundJobs>().AddSingleton<BackgroundMetrics>();
        services.AddSingleton<BackgroundDashboard>().AddSingleton<BackgroundFigures>().AddSingleton<BackgroundHealth>();
        services.AddSingleton(provider => new HealthPart("background", provider.GetRequiredService<BackgroundHealth>().CheckAsync));
        services.AddScoped<AttemptSlot>();
        services.AddScoped(provider =>
            provider.GetRequiredService<AttemptSlot>().Attempt
                ?? throw new InvalidOperationException("This is no attempt of a background job."));
        AddHangfire(services);
    }

    /// <inheritdoc/>
    public override void AddWorkers(IServiceCollection services)
    {
        services.AddSingleton<IBackgroundJobPerformer, FencedPerformer>();
        var options =
            (BackgroundOptions)services.Single(service => service.ServiceType == typeof(BackgroundOptions)).ImplementationInstance!;
        // The first server of a process also queues what is due, says which jobs are still held, and clears away what has expired.
        var first = true;
        foreach (var (queue, workers) in options.Workers.Where(queue => queue.Value > 0))
        {
            AddServer(services, options, queue, workers, first);
            first = false;
        }
        services.AddHostedService<BackgroundAnnouncement>();
        services.AddSingleton<BackgroundGauges>();
        services.AddSingleton(provider =>
            new Duty("background gauges", BackgroundGauges.Interval, provider.GetRequiredService<BackgroundGauges>().RunOnceAsync));
    }

    // Each of these would otherwise be Hangfire's own, of which there is one in a process: two hosts would share it.
    private static void AddHangfire(IServiceCollection services)
    {
        services.AddSingleton<JobStorage>(provider =>
        {
            provider.GetRequiredService<IGlobalConfiguration>();
            return provider.GetRequiredService<BackgroundStorage>().Create();
        });
        services.AddSingleton<JobActivator, AttemptActivator>();
        services.AddSingleton<UnknownJobs>().AddSingleton<IJobFilterProvider, AttemptFilters>();
        services.AddSingleton<IBackgroundJobFactory>(provider =>
            new BackgroundJobFactory(provider.GetRequiredService<IJobFilterProvider>()));
        services.AddSingleton<FencedStates>()
            .AddSingleton<IBackgroundJobStateChanger>(provider => provider.GetRequiredService<FencedStates>());
        services.AddHangfire((provider, hangfire) =>
        {
            provider.GetRequiredService<BackgroundHost>();
            BackgroundHost.Configure(hangfire);
        });
    }

    private static void AddServer(IServiceCollection services, BackgroundOptions options, string queue, int workers, bool keeps) =>
        services.AddHangfireServer(server =>
    {
        server.ServerName = $"{Environment.MachineName}-{queue}".ToLowerInvariant();
        server.Queues = [queue];
        server.WorkerCount = workers;
        server.IsLightweightServer = !keeps;
        server.StopTimeout = options.StopTimeout;
        server.ShutdownTimeout = options.ShutdownTimeout;
        server.HeartbeatInterval = options.Heartbeat;
        server.ServerTimeout = options.ServerTimeout;
        server.ServerCheckInterval = options.ServerTimeout / 2;
        server.CancellationCheckInterval = options.Tick;
        server.SchedulePollingInterval = options.Tick;
    });
}
