using System.CommandLine;
using App.Platform;
using App.Platform.Commands;
using App.Platform.Configuration;
using App.Platform.Files;

namespace App.Training;

/// <summary>
/// <c>App train disaggregation</c>: trains on simulated houses or on files with truth, and writes or registers the model.
/// </summary>
internal sealed class TrainDisaggregationCommand : Command
{
    private const int DefaultSteps = 16_000;

    /// <summary>Small: with as many windows, four times the steps reach further than steps of 256 windows.</summary>
    private const int Batch = 64;

    private readonly Option<int?> households = CommandOptions.OptionalInteger("--simulate", "Trains on so many simulated households.",
        min: 2, max: 10_000);
    private readonly Option<string?> data = CommandOptions.Text("--data", "file.csv[.gz]|folder",
        "Trains on houses whose appliances were measured.");
    private readonly Option<int> seed = CommandOptions.Integer("--seed", "The same seed gives the same model.", 1);
    private readonly Option<int> steps = CommandOptions.Integer("--steps", "Batches to train on.", DefaultSteps, min: 1, max: 1_000_000);
    private readonly Option<int> networks = CommandOptions.Integer("--networks", "Networks whose answers are averaged.", 1, min: 1, max: 8);
    private readonly Option<string?> path = TrainingTarget.Out();
    private readonly Option<bool> activate = TrainingTarget.Activate();
    private readonly Variables variables;

    /// <summary>The command.</summary>
    public TrainDisaggregationCommand(Variables variables) : base("disaggregation", "Trains a model that splits power into appliances.")
    {
        this.variables = variables;
        foreach (var option in new Option[] { households, data, seed, steps, networks, path, activate }) Add(option);
        SetAction((line, ct) => CommandProgress.RunAsync(line.InvocationConfiguration.Error, progress => RunAsync(line, progress, ct)));
    }

    private async Task<CommandSummary> RunAsync(ParseResult line, CommandProgress progress, CancellationToken ct)
    {
        if (line.GetValue(data) is null == line.GetValue(households) is null)
            throw new UsageException("Give either --simulate <number of households> or --data <file or folder>.");
        var plan = new TrainingPlan(line.GetValue(steps), line.GetValue(seed), Batch);
        var target = TrainingTarget.Check(line.GetValue(path), line.GetValue(activate), variables);
        var houses = line.GetValue(data) is { } files
            ? TrainingHouses.OfFiles(CsvFiles.In(files))
            : TrainingHouses.Simulated(line.GetValue(households)!.Value, plan.Seed);
        progress.Say(houses.Split);
        return await target.KeepAsync(DisaggregationTraining.Run(houses, plan, line.GetValue(networks), progress, ct), ct);
    }
}
