using App.Platform;
using App.Platform.Configuration;

// Not App.Console: that name would hide System.Console from every other file of the application.
namespace App.WebConsole;

/// <summary>
/// The web pages: signing in, and the house with its power, its appliances and the state of the pipeline, the dashboard
/// of jobs, fingerspelling, and the API reference.
/// </summary>
internal sealed class ConsoleModule : Module
{
    /// <inheritdoc/>
    public override void AddServices(IServiceCollection services, Variables variables) =>
        services.AddSingleton(_ => ConsoleFiles.Load(Path.Combine(AppContext.BaseDirectory, "wwwroot")))
            .AddSingleton<SignIn>().AddSingleton<Dashboard>().AddSingleton<LivePage>();

    /// <inheritdoc/>
    public override void MapEndpoints(IEndpointRouteBuilder routes)
    {
        routes.ServiceProvider.GetRequiredService<SignIn>().Map(routes);
        routes.ServiceProvider.GetRequiredService<Dashboard>().Map(routes);
        routes.ServiceProvider.GetRequiredService<LivePage>().Map(routes);
        routes.ServiceProvider.GetRequiredService<ConsoleFiles>().Map(routes);
        ApiReference.Map(routes);
    }
}
