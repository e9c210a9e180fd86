using System.CommandLine;
using App.Engines.Models;
using App.Platform.Commands;
using App.Platform.Configuration;
using App.Platform.Files;

namespace App.Energy.Disaggregation;

/// <summary><c>App evaluate disaggregation</c>: scores a model on files with truth, beside the baselines.</summary>
internal sealed class EvaluateDisaggregationCommand : Command
{
    private readonly Option<string> data =
        ModelCommands.Data("Houses whose appliances were measured: columns t, mains and one for each appliance.");
    private readonly Option<string?> model = ModelCommands.Model();
    private readonly Option<int?> lookAhead = CommandOptions.OptionalInteger("--look-ahead",
        "Minutes behind a prediction that are known; by default all.", min: Target.ProvisionalLookAhead);
    private readonly Variables variables;

    /// <summary>The command.</summary>
    public EvaluateDisaggregationCommand(Variables variables)
        : base("disaggregation", "Scores a model on houses whose appliances were measured.")
    {
        this.variables = variables;
        Add(data);
        Add(model);
        Add(lookAhead);
        SetAction((line, ct) => CommandProgress.RunAsync(line.InvocationConfiguration.Error, progress => RunAsync(line, progress, ct)));
    }

    private async Task<CommandSummary> RunAsync(ParseResult line, CommandProgress progress, CancellationToken ct)
    {
        var output = line.InvocationConfiguration.Output;
        var files = CsvFiles.In(line.GetRequiredValue(data));
        using var offline = await ModelFile.LoadAsync(line.GetValue(model), variables, ct);
        await output.WriteLineAsync($"{"",-28}{"F1",-30}{"MAE in W",-30}{"SAE",-30}");
        await output.WriteLineAsync($"{"",-28}{Heads}{Heads}{Heads}");
        var done = 0;
        foreach (var file in files)
        {
            ct.ThrowIfCancellationRequested();
            var scores = Evaluation.Score(offline.Model, MeterFile.Read(file), line.GetValue(lookAhead) ?? int.MaxValue);
            await output.WriteLineAsync(Path.GetFileName(file));
            if (scores.Count == 0) await output.WriteLineAsync("  no truth: name a column after an appliance, such as kettle");
            foreach (var score in scores) await output.WriteLineAsync(Row(score));
            progress.Report("files scored", ++done, files.Count);
        }
        return new(("model", offline.Label), ("scored", $"{files.Count} {(files.Count == 1 ? "file" : "files")}"));
    }

    private static string Heads => $"{"model",-8}{"zero",-7}{"mean",-7}{"edges",-8}";

    private static string Row(ApplianceScores s) =>
        $"  {Appliances.Labels[s.Label],-26}" + Columns(s, score => score.F1, "F2") + Columns(s, score => score.Mae, "F1")
            + Columns(s, score => score.Sae, "F2");

    private static string Columns(ApplianceScores s, Func<Score, double> figure, string format) =>
        $"{figure(s.Model).ToString(format),-8}{figure(s.Zero).ToString(format),-7}"
            + $"{figure(s.TrainingMean).ToString(format),-7}{figure(s.Edges).ToString(format),-8}";
}
