using App.Jobs.Api;
using App.Platform;
using App.Platform.Configuration;

namespace App.Jobs;

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
    }

    /// <inheritdoc/>
    public override void AddWorkers(IServiceCollection services)
    {
        services.AddSingleton<JobRunner>().AddSingleton<JobStager>().AddSingleton<JobVacuum>().AddSingleton<JobWorker>();
        services.AddHostedService(provider => provider.GetRequiredService<JobWorker>());
    }

    /// <inheritdoc/>
    public override void MapEndpoints(IEndpointRouteBuilder routes)
    {
        routes.ServiceProvider.GetRequiredService<JobEndpoints>().Map(routes);
        routes.ServiceProvider.GetRequiredService<QueueEndpoints>().Map(routes);
    }
}
