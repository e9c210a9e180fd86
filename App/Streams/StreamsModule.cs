using App.Platform;
using App.Platform.Configuration;
using App.Platform.Leases;

namespace App.Streams;

/// <summary>The streams engine: ordered, durable shards, read by groups with committed offsets.</summary>
internal sealed class StreamsModule : Module
{
    /// <inheritdoc/>
    public override void AddServices(IServiceCollection services, Variables variables)
    {
        services.AddSingleton(StreamOptions.Read(variables));
        services.AddSingleton<StreamSignals>().AddSingleton<StreamPartitions>();
    }

    /// <inheritdoc/>
    public override void AddWorkers(IServiceCollection services)
    {
        services.AddHostedService(provider => provider.GetRequiredService<StreamSignals>());
        services.AddHostedService<StreamWorker>();
        services.AddSingleton(provider => new Duty("stream partitions", TimeSpan.FromMinutes(10), provider.GetRequiredService<StreamPartitions>().RunOnceAsync));
    }
}
