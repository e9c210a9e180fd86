using App.Platform;

namespace App.Development;

/// <summary>What a developer needs beside the product: a PostgreSQL of its own, and a simulated household that posts to a running server.</summary>
internal sealed class DevelopmentModule : Module
{
    private const string Household = "[--building sim-1] [--seed 1] [--days 1] [--live true|false] [--speed n]";

    /// <inheritdoc/>
    public override IEnumerable<Command> Commands =>
    [
        new("simulate", $"[--url http://localhost:8080] [--key <api key>] {Household}: posts a simulated household to a running server", async (line, variables, ct) =>
        {
            var options = SimulationOptions.Read(line, variables);
            line.RefuseUnread();
            try
            {
                await Simulation.RunAsync(options, TimeProvider.System, Console.Out, ct);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                // Ctrl-C is how a live simulation ends.
            }
            return 0;
        }),
        new("demo", $"{Household}: serves, with a simulated household that posts to it", DemoCommand.RunAsync),
    ];
}
