using System.CommandLine;
using App.Platform.Commands;

namespace App.Development;

/// <summary>The options that say which household is simulated, and how it posts.</summary>
internal sealed class HouseholdOptions
{
    // A household that has all the appliances that are told apart, and uses most of them every day.
    private const int DefaultSeed = 15;

    private readonly Option<string> building = new("--building")
    {
        HelpName = "id",
        Description = "Building that the readings belong to.",
        DefaultValueFactory = _ => "sim-1"
    };
    private readonly Option<int> seed = CommandOptions.Integer("--seed", "Which household it is.", DefaultSeed);
    private readonly Option<int> days = CommandOptions.Integer("--days", "Days before now that are posted first.", 1, max: 366);
    private readonly Option<string> live = CommandOptions.OneOf("--live", "Whether it goes on with a reading every ten seconds.", "true",
        "true", "false");
    private readonly Option<int> speed = CommandOptions.Integer("--speed",
        "How many times faster than life the past is posted; 0: as fast as the server takes it.", 0, max: 1_000_000);

    /// <summary>Adds them to a command.</summary>
    public HouseholdOptions(Command command)
    {
        building.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } id
                && (id.Length is 0 or > 128 || !id.All(c => char.IsAsciiLetterOrDigit(c) || "._:-".Contains(c))))
                result.AddError($"--building is '{id}': use 1 to 128 of A-Z a-z 0-9 . _ : -");
        });
        foreach (var option in new Option[] { building, seed, days, live, speed }) command.Add(option);
    }

    /// <summary>What was asked for.</summary>
    public SimulationOptions Read(ParseResult line, Uri url, string key) => new()
    {
        Url = url,
        Key = key,
        Building = line.GetRequiredValue(building),
        Seed = line.GetValue(seed),
        Days = line.GetValue(days),
        Live = line.GetRequiredValue(live) == "true",
        Speed = line.GetValue(speed),
    };
}
