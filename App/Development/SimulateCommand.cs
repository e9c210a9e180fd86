using System.CommandLine;
using App.Platform;
using App.Platform.Commands;
using App.Platform.Configuration;
using App.Platform.Serving;

namespace App.Development;

/// <summary><c>App simulate</c>: a simulated household that posts to a running server.</summary>
internal sealed class SimulateCommand : Command
{
    private readonly Option<string> url = new("--url")
    {
        HelpName = "url",
        Description = "The server.",
        DefaultValueFactory = _ => "http://localhost:8080"
    };
    private readonly Option<string?> key = CommandOptions.Text("--key", "api key",
        "A key with the scope ingest; by default ADMIN_API_KEY, else the key of a development server in this directory.");
    private readonly HouseholdOptions household;
    private readonly Variables variables;

    /// <summary>The command.</summary>
    public SimulateCommand(Variables variables) : base("simulate", "Posts a simulated household to a running server.")
    {
        this.variables = variables;
        Add(url);
        Add(key);
        household = new(this);
        url.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } text
                && !(Uri.TryCreate(text, UriKind.Absolute, out var parsed) && parsed.Scheme is "http" or "https"))
                result.AddError($"--url is '{text}': give an http:// or https:// URL.");
        });
        SetAction((line, ct) =>
            CommandProgress.RunAsync(line.InvocationConfiguration.Error,
                progress => Simulation.RunAsync(Read(line), TimeProvider.System, progress, ct)));
    }

    /// <summary>What was asked for.</summary>
    /// <exception cref="UsageException">There is no key.</exception>
    public SimulationOptions Read(ParseResult line) =>
        household.Read(line, new Uri(line.GetRequiredValue(url)),
            line.GetValue(key) ?? variables.Text("ADMIN_API_KEY") ?? DevelopmentKey());

    private static string DevelopmentKey()
    {
        var file = Path.Combine(DatabaseServer.DataDirectory, "admin.key");
        return File.Exists(file)
            ? File.ReadAllText(file).Trim()
            : throw new UsageException(
                $"There is no key: give --key <api key>, set ADMIN_API_KEY, or run where a development server keeps its key ({file}).");
    }
}
