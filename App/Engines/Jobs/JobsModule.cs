using App.Engines.Jobs.Api;
using App.Engines.Jobs.Upkeep;
using App.Platform;
using App.Platform.Configuration;
using App.Platform.Leases;
using App.Platform.Observability;

namespace App.Engines.Jobs;

/// <summary>The jobs engine: a durable queue in the database.</summary>
internal sealed class JobsModule : Module
{
    /// <inheritdoc/>
    public override void AddServices(IServiceCollection services, Variables variables)
    {
        services.AddSingleton(JobOptions.Read(variables));
        services.AddSingleton<JobQueue>().AddSingleton<JobProgress>().AddSingleton<JobTally>();
        services.AddSingleton<JobFigures>().AddSingleton<JobSearch>().AddSingleton<JobReader>().AddSingleton<JobSteering>();
        services.AddSingleton<JobEndpoints>().AddSingleton<QueueEndpoints>();
        services.AddSingleton<JobPins>().AddSingleton<JobHealth>();
        services.AddSingleton(provider => new HealthPart("queue", provider.GetRequiredService<JobHealth>().CheckAsync));
    }

    /// <inheritdoc/>
    public override void AddWorkers(IServiceCollection services)
    {
        services.AddSingleton<JobMetrics>().AddSingleton<JobLog>().AddSingleton<JobRunner>().AddSingleton<JobAnnouncements>();
        services.AddSingleton<JobStager>().AddHostedService(provider => provider.GetRequiredService<JobStager>());
        services.AddSingleton<JobVacuum>().AddHostedService(provider => provider.GetRequiredService<JobVacuum>());
        services.AddSingleton(provider => JobWorker.Of(provider, new JobPool(null, provider.GetRequiredService<JobOptions>().Concurrency)));
        services.AddHostedService(provider => provider.GetRequiredService<JobWorker>());
        services.AddSingleton<JobPartitions>().AddSingleton<JobPruning>().AddSingleton<JobGauges>();
        services.AddSingleton(provider =>
            new Duty("job partitions", TimeSpan.FromMinutes(10), provider.GetRequiredService<JobPartitions>().RunOnceAsync));
        services.AddSingleton(provider =>
            new Duty("job pruning", TimeSpan.FromMinutes(1), provider.GetRequiredService<JobPruning>().RunOnceAsync));
        services.AddSingleton(provider =>
            new Duty("job gauges", JobGauges.Interval, provider.GetRequiredService<JobGauges>().RunOnceAsync));
    }

    /// <inheritdoc/>
    public override void MapEndpoints(IEndpointRouteBuilder routes)
    {
        routes.ServiceProvider.GetRequiredService<JobEndpoints>().Map(routes);
        routes.ServiceProvider.GetRequiredService<QueueEndpoints>().Map(routes);
    }
}
