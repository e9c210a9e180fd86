using System.CommandLine;
using App.Platform;
using App.Platform.Commands;
using App.Platform.Configuration;
using App.Platform.Serving;

namespace App.Development;

/// <summary><c>App demo</c>: a server, and a simulated household that posts to it over HTTP, in one process.</summary>
internal sealed class DemoCommand : Command
{
    private readonly HouseholdOptions household;

    /// <summary>The command.</summary>
    public DemoCommand(Variables variables) : base("demo", "Serves, with a simulated household that posts to it; only in development.")
    {
        household = new(this);
        SetAction((line, ct) => RunAsync(line, variables, ct));
    }

    private async Task RunAsync(ParseResult line, Variables variables, CancellationToken ct)
    {
        if (variables.OneOf("ENV", "development", "development", "production", "test") == "production")
            throw new UsageException(
                "ENV is 'production': App demo posts invented readings, so it runs only in development; use App to serve.");

        await using var server = await Server.StartAsync(Program.ComposeAsync, variables, ct);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct, server.App.Lifetime.ApplicationStopping);
        var options = household.Read(line, server.Address, server.AdminKey ?? variables.Text("ADMIN_API_KEY")!);
        var simulation = SimulateAsync(options, line.InvocationConfiguration.Error, ending.Token);
        await server.RunToEndAsync(ct);
        await simulation;
    }

    // A simulation that fails leaves the server, and what it has, to look at. The server's log lines share the terminal: no bars.
    private static async Task SimulateAsync(SimulationOptions options, TextWriter error, CancellationToken ct)
    {
        try
        {
            await Simulation.RunAsync(options, TimeProvider.System, new PlainProgress(error, TimeProvider.System), ct);
        }
        catch (Exception e) when (e is UsageException or UnavailableException)
        {
            await error.WriteLineAsync($"The simulation has ended: {e.Message}");
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Ctrl-C.
        }
    }
}
