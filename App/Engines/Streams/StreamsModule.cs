using App.Platform;
using App.Platform.Configuration;
using App.Platform.Leases;

namespace App.Engines.Streams;

/// <summary>The streams engine: ordered, durable shards, read by groups with committed offsets.</summary>
internal sealed class StreamsModule : Module
{
    /// <inheritdoc/>
    public override void AddServices(IServiceCollection services, Variables variables)
    {
        services.AddSingleton(StreamOptions.Read(variables));
        services.AddSingleton<StreamPartitions>().AddSingleton<StreamMetrics>();
    }

    /// <inheritdoc/>
    public override void AddWorkers(IServiceCollection services)
    {
        services.AddHostedService<StreamWorker>();
        services.AddSingleton(provider =>
            new Duty("stream partitions", TimeSpan.FromMinutes(10), provider.GetRequiredService<StreamPartitions>().RunOnceAsync));
    }
}
