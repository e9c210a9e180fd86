using App.Platform;
using App.Platform.Configuration;
using App.Platform.Serving;

namespace App.Development;

/// <summary><c>App demo</c>: a server, and a simulated household that posts to it over HTTP, in one process.</summary>
internal static class DemoCommand
{
    /// <summary>Runs both until interrupted.</summary>
    public static async Task<int> RunAsync(CommandLine line, Variables variables, CancellationToken ct)
    {
        var household = SimulationOptions.ReadHousehold(line);
        line.RefuseUnread();
        if (variables.OneOf("ENV", "development", "development", "production", "test") == "production")
            throw new UsageException("ENV is 'production': App demo posts invented readings, so it runs only in development; use App to serve.");

        await using var server = await Server.StartAsync(Program.ComposeAsync, variables, ct);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct, server.App.Lifetime.ApplicationStopping);
        var simulation = SimulateAsync(household with { Url = server.Address, Key = server.AdminKey ?? variables.Text("ADMIN_API_KEY")! }, ending.Token);
        await server.RunToEndAsync(ct);
        await simulation;
        return 0;
    }

    // A simulation that fails leaves the server, and what it has, to look at.
    private static async Task SimulateAsync(SimulationOptions options, CancellationToken ct)
    {
        try
        {
            await Simulation.RunAsync(options, TimeProvider.System, Console.Out, ct);
        }
        catch (Exception e) when (e is UsageException or UnavailableException)
        {
            await Console.Error.WriteLineAsync($"The simulation has ended: {e.Message}");
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Ctrl-C.
        }
    }
}
