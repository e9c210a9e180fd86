using System.CommandLine;
using App.Platform;
using App.Platform.Commands;
using App.Platform.Configuration;
using App.Platform.Files;
using App.Signs.Fingerspelling;

namespace App.Training.Hands;

/// <summary>
/// <c>App train fingerspelling</c>: trains on made-up hands, on recorded ones, or on both, and writes or registers the model.
/// </summary>
internal sealed class TrainFingerspellingCommand : Command
{
    private const int DefaultHands = 60_000;
    private const int DefaultSteps = 2000;

    private readonly Option<string?> data = CommandOptions.Text("--data", "file.csv[.gz]|folder",
        "Recorded frames whose letters are known.");
    private readonly Option<int> hands = CommandOptions.Integer("--synthetic", "Made-up hands to train on as well.", DefaultHands,
        max: 2_000_000);
    private readonly Option<int> seed = CommandOptions.Integer("--seed", "The same seed gives the same model.", 1);
    private readonly Option<int> steps = CommandOptions.Integer("--steps", "Batches to train on.", DefaultSteps, min: 1, max: 1_000_000);
    private readonly Option<string?> path = TrainingTarget.Out();
    private readonly Option<bool> activate = TrainingTarget.Activate();
    private readonly Variables variables;

    /// <summary>The command.</summary>
    public TrainFingerspellingCommand(Variables variables)
        : base("fingerspelling", "Trains a model that names letters, on made-up hands and on recorded ones where there are any.")
    {
        this.variables = variables;
        foreach (var option in new Option[] { data, hands, seed, steps, path, activate }) Add(option);
        SetAction((line, ct) => CommandProgress.RunAsync(line.InvocationConfiguration.Error, progress => RunAsync(line, progress, ct)));
    }

    private async Task<CommandSummary> RunAsync(ParseResult line, CommandProgress progress, CancellationToken ct)
    {
        if (line.GetValue(data) is null && line.GetValue(hands) == 0)
            throw new UsageException("There is nothing to train on: give --data <file or folder>, or --synthetic <number of hands>.");
        var plan = new TrainingPlan(line.GetValue(steps), line.GetValue(seed));
        var target = TrainingTarget.Check(line.GetValue(path), line.GetValue(activate), variables);
        var recorded = line.GetValue(data) is { } files ? CsvFiles.In(files).Select(FrameFile.ReadLabelled).ToList() : [];
        return await target.KeepAsync(LetterTraining.Run(recorded, line.GetValue(hands), plan, progress, ct), ct);
    }
}
