using System.CommandLine;
using App.Platform;
using App.Platform.Configuration;
using App.Signs.Fingerspelling.Live;

namespace App.Signs.Fingerspelling;

/// <summary>Hand landmarks in, letters of the American manual alphabet out.</summary>
internal sealed class FingerspellingModule : Module
{
    /// <inheritdoc/>
    public override void AddServices(IServiceCollection services, Variables variables) =>
        services.AddSingleton(LetterModel.Purpose).AddLive(variables);

    /// <inheritdoc/>
    public override void MapEndpoints(IEndpointRouteBuilder routes) => routes.MapLive();

    /// <inheritdoc/>
    public override void AddCommands(RootCommand root, Variables variables) => root.Add(new SpellCommand(variables));
}
