using System.CommandLine;
using App.Energy.Disaggregation.Live;
using App.Energy.Readings;
using App.Engines.Models;
using App.Engines.Streams;
using App.Platform;
using App.Platform.Configuration;
using App.Platform.Observability;
using App.Runs.Handlers;
using Npgsql;

namespace App.Energy.Disaggregation;

/// <summary>Whole-house power in, per-appliance power out.</summary>
internal sealed class DisaggregationModule : Module
{
    /// <inheritdoc/>
    public override void AddServices(IServiceCollection services, Variables variables)
    {
        services.AddSingleton<IStepHandler, DisaggregateStep>();
        services.AddSingleton(new ModelPurpose(DisaggregationHandler.Name, ModelFile.FaultOf));
        services.AddSingleton<PredictionEndpoints>();
        services.AddSingleton<PipelineHealth>();
        services.AddSingleton(provider => new HealthPart("stream", provider.GetRequiredService<PipelineHealth>().CheckAsync));
    }

    /// <inheritdoc/>
    public override void AddWorkers(IServiceCollection services)
    {
        services.AddSingleton<DisaggregationMetrics>().AddSingleton<IStreamHandler, DisaggregationHandler>();
        services.AddSingleton<IStreamHandler>(provider =>
            new BlockWriter(provider.GetRequiredService<NpgsqlDataSource>(), DisaggregationHandler.Name));
    }

    /// <inheritdoc/>
    public override void MapEndpoints(IEndpointRouteBuilder routes)
    {
        routes.ServiceProvider.GetRequiredService<PredictionEndpoints>().Map(routes);
        StreamEndpoints.Map(routes, ReadingStore.Stream, DisaggregationHandler.Name);
    }

    /// <inheritdoc/>
    public override void AddCommands(RootCommand root, Variables variables)
    {
        root.Add(new DisaggregateCommand(variables));
        ModelCommands.Evaluate(root).Add(new EvaluateDisaggregationCommand(variables));
    }
}
