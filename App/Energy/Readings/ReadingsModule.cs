using App.Energy.Readings.Ingest;
using App.Platform;
using App.Platform.Configuration;

namespace App.Energy.Readings;

/// <summary>Takes readings, keeps them, and gives them back.</summary>
internal sealed class ReadingsModule : Module
{
    /// <inheritdoc/>
    public override void AddServices(IServiceCollection services, Variables variables)
    {
        services.AddSingleton<ReadingStore>().AddSingleton<SeriesNames>().AddSingleton<SeriesResolver>();
        services.AddSingleton<IngestMetrics>().AddSingleton<GroupCommit>().AddSingleton<IngestGate>().AddSingleton<IngestEndpoints>();
        services.AddHostedService(provider => provider.GetRequiredService<GroupCommit>());
    }

    /// <inheritdoc/>
    public override void MapEndpoints(IEndpointRouteBuilder routes)
    {
        routes.ServiceProvider.GetRequiredService<IngestEndpoints>().Map(routes);
        BuildingEndpoints.Map(routes);
    }
}
