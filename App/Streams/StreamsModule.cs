using App.Platform;
using App.Platform.Configuration;

namespace App.Streams;

/// <summary>The streams engine: ordered, durable shards, read by groups with committed offsets.</summary>
internal sealed class StreamsModule : Module
{
    /// <inheritdoc/>
    public override void AddServices(IServiceCollection services, Variables variables)
    {
        services.AddSingleton(StreamOptions.Read(variables));
        services.AddSingleton<StreamPartitions>();
    }

    /// <inheritdoc/>
    public override void AddWorkers(IServiceCollection services)
    {
        services.AddHostedService<StreamWorker>();
        services.AddHostedService<StreamMaintenance>();
    }
}
