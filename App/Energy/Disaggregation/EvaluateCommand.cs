using App.Platform;
using App.Platform.Configuration;
using App.Platform.Files;

namespace App.Energy.Disaggregation;

/// <summary><c>App evaluate disaggregation</c>: scores a model on files with truth, beside the baselines.</summary>
internal static class EvaluateCommand
{
    /// <summary>The command.</summary>
    public static Command Definition { get; } = new("evaluate disaggregation",
        "--data file.csv[.gz]|folder [--model file.onnx|name@version] [--look-ahead minutes]: score a model on houses whose appliances were measured", RunAsync);

    private static async Task<int> RunAsync(CommandLine line, Variables variables, CancellationToken cancellation)
    {
        var (data, modelPath) = (line.Required("data"), line.Optional("model"));
        var lookAhead = line.Integer("look-ahead", int.MaxValue, min: Target.ProvisionalLookAhead);
        line.RefuseUnread();
        var files = CsvFiles.In(data);
        using var offline = await ModelFile.LoadAsync(modelPath, variables, cancellation);
        var model = offline.Model;
        return await BadFileException.ReportAsync(() =>
        {
            Console.WriteLine($"{"",-28}{"F1",-30}{"MAE in W",-30}{"SAE",-30}");
            Console.WriteLine($"{"",-28}{Heads}{Heads}{Heads}");
            foreach (var file in files)
            {
                cancellation.ThrowIfCancellationRequested();
                var scores = Evaluation.Score(model, MeterFile.Read(file), lookAhead);
                Console.WriteLine(Path.GetFileName(file));
                if (scores.Count == 0) Console.WriteLine("  no truth: name a column after an appliance, such as kettle");
                foreach (var score in scores) Console.WriteLine(Row(score));
            }
            return 0;
        });
    }

    private static string Heads => $"{"model",-8}{"zero",-7}{"mean",-7}{"edges",-8}";

    private static string Row(ApplianceScores s) =>
        $"  {Appliances.Labels[s.Label],-26}" + Columns(s, score => score.F1, "F2") + Columns(s, score => score.Mae, "F1") + Columns(s, score => score.Sae, "F2");

    private static string Columns(ApplianceScores s, Func<Score, double> figure, string format) =>
        $"{figure(s.Model).ToString(format),-8}{figure(s.Zero).ToString(format),-7}{figure(s.TrainingMean).ToString(format),-7}{figure(s.Edges).ToString(format),-8}";
}
