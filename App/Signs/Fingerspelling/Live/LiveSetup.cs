using App.Platform.Configuration;
using App.Platform.Observability;

namespace App.Signs.Fingerspelling.Live;

/// <summary>Wires the live half of the slice: frames over WebSocket, in both roles.</summary>
internal static class LiveSetup
{
    /// <summary>Its services.</summary>
    public static IServiceCollection AddLive(this IServiceCollection services, Variables variables)
    {
        services.AddSingleton(LiveOptions.Read(variables));
        services.AddSingleton<ClassifierPool>()
            .AddSingleton<LiveConnections>().AddSingleton<LiveTickets>().AddSingleton<LiveMetrics>().AddSingleton<LiveLog>();
        services.AddSingleton<LiveAdmission>().AddSingleton<LiveEndpoint>();
        services.AddSingleton<LiveWatch>().AddHostedService(provider => provider.GetRequiredService<LiveWatch>());
        services.AddSingleton(provider =>
            new HealthPart("live",
                ct => Health(provider.GetRequiredService<LiveConnections>(), provider.GetRequiredService<ClassifierPool>(), ct)));
        return services;
    }

    /// <summary>Its calls.</summary>
    public static void MapLive(this IEndpointRouteBuilder routes) => routes.ServiceProvider.GetRequiredService<LiveEndpoint>().Map(routes);

    // What keeps a model from serving is told by the part of the models.
    private static Task<PartHealth> Health(LiveConnections connections, ClassifierPool classifiers, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var (answered, bad) = connections.Tally();
        var places = connections.Places;
        var details = new { Connections = places, connections.Most, Frames = answered, BadFrames = bad, Model = classifiers.Serving };
        return Task.FromResult(
            classifiers.Serving is null
                ? new PartHealth(HealthStatus.Degraded,
                    $"No version of '{LetterModel.Task}' serves here: frames are answered with no_model.", details)
            : places >= connections.Most
            ? new PartHealth(HealthStatus.Degraded, "All places are taken: new connections are answered 503.", details)
            : new PartHealth(HealthStatus.Up, Details: details));
    }
}
