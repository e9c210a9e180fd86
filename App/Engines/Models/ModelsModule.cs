using App.Engines.Models.Shadow;
using App.Platform;
using App.Platform.Configuration;
using App.Platform.Observability;

namespace App.Engines.Models;

/// <summary>The registry of model versions and the models that are loaded; the only slice that names ONNX Runtime.</summary>
internal sealed class ModelsModule : Module
{
    /// <inheritdoc/>
    public override void AddServices(IServiceCollection services, Variables variables)
    {
        services.AddSingleton(ModelOptions.Read(variables));
        services.AddSingleton<ModelRegistry>().AddSingleton<ModelArtifacts>().AddSingleton<ModelLoader>();
        services.AddSingleton<ActiveModels>().AddSingleton<ShippedModels>().AddSingleton<ModelsHealth>();
        services.AddSingleton(provider => new HealthPart("models", provider.GetRequiredService<ModelsHealth>().CheckAsync));
        services.AddSingleton<ShadowRegistry>().AddSingleton<ShadowModels>();
        services.AddHostedService<ModelRefresher>().AddHostedService<ShadowRunner>();
    }

    /// <inheritdoc/>
    public override void MapEndpoints(IEndpointRouteBuilder routes) => ModelEndpoints.Map(routes);
}
