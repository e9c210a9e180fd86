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
        services.AddSingleton<JobQueue>().AddSingleton<JobProgress>();
    }

    /// <inheritdoc/>
    public override void AddWorkers(IServiceCollection services)
    {
        services.AddSingleton<JobRunner>().AddSingleton<JobStager>().AddSingleton<JobVacuum>().AddSingleton<JobWorker>();
        services.AddHostedService(provider => provider.GetRequiredService<JobWorker>());
    }
}
