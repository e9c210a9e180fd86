using App.Platform;

namespace App.Simulation;

/// <summary>A simulated household that posts to a running server, so that there is something to see.</summary>
internal sealed class SimulationModule : Module
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
