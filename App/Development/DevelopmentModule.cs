using System.CommandLine;
using App.Platform;
using App.Platform.Configuration;

namespace App.Development;

/// <summary>
/// What a developer needs beside the product: a PostgreSQL of its own, and a simulated household that posts to a running server.
/// </summary>
internal sealed class DevelopmentModule : Module
{
    /// <inheritdoc/>
    public override void AddCommands(RootCommand root, Variables variables)
    {
        root.Add(new SimulateCommand(variables));
        root.Add(new DemoCommand(variables));
    }
}
