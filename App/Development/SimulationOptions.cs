using App.Platform;
using App.Platform.Configuration;
using App.Platform.Serving;

namespace App.Development;

/// <summary>What <c>App simulate</c> was asked for.</summary>
internal sealed record SimulationOptions
{
    // A household that has all the appliances that are told apart, and uses most of them every day.
    private const int DefaultSeed = 15;

    /// <summary>The server.</summary>
    public required Uri Url { get; init; }

    /// <summary>An API key with the scope <c>ingest</c>.</summary>
    public required string Key { get; init; }

    /// <summary>Building that the readings belong to.</summary>
    public string Building { get; init; } = "sim-1";

    /// <summary>Which household it is.</summary>
    public int Seed { get; init; } = DefaultSeed;

    /// <summary>Days before now that are posted first.</summary>
    public int Days { get; init; } = 1;

    /// <summary>Whether it goes on with a reading every ten seconds.</summary>
    public bool Live { get; init; } = true;

    /// <summary>How many times faster than life the past is posted; 0: as fast as the server takes it.</summary>
    public int Speed { get; init; }

    /// <summary>Reads the command's options. The key: <c>--key</c>, else ADMIN_API_KEY, else the development key in <c>.data</c>.</summary>
    /// <exception cref="UsageException">Names the option, its value and the cure.</exception>
    public static SimulationOptions Read(CommandLine line, Variables variables)
    {
        var url = line.Optional("url") ?? "http://localhost:8080";
        if (!Uri.TryCreate(url, UriKind.Absolute, out var parsed) || parsed.Scheme is not ("http" or "https"))
            throw new UsageException($"--url is '{url}': give an http:// or https:// URL.");
        return ReadHousehold(line) with { Url = parsed, Key = line.Optional("key") ?? variables.Text("ADMIN_API_KEY") ?? DevelopmentKey() };
    }

    /// <summary>Reads the options of the household alone; address and key are the caller's.</summary>
    /// <exception cref="UsageException">Names the option, its value and the cure.</exception>
    public static SimulationOptions ReadHousehold(CommandLine line)
    {
        var building = line.Optional("building") ?? "sim-1";
        if (building.Length is 0 or > 128 || !building.All(c => char.IsAsciiLetterOrDigit(c) || "._:-".Contains(c)))
            throw new UsageException($"--building is '{building}': use 1 to 128 of A-Z a-z 0-9 . _ : -");
        var live = line.Optional("live") ?? "true";
        if (live is not ("true" or "false")) throw new UsageException($"--live is '{live}': give true or false.");
        return new()
        {
            Url = new Uri("http://localhost"),
            Key = "",
            Building = building,
            Seed = line.Integer("seed", DefaultSeed),
            Days = line.Integer("days", 1, 0, 366),
            Live = live == "true",
            Speed = line.Integer("speed", 0, 0, 1_000_000),
        };
    }

    private static string DevelopmentKey()
    {
        var file = Path.Combine(DatabaseServer.DataDirectory, "admin.key");
        return File.Exists(file)
            ? File.ReadAllText(file).Trim()
            : throw new UsageException($"There is no key: give --key <api key>, set ADMIN_API_KEY, or run where a development server keeps its key ({file}).");
    }
}
