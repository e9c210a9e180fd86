using System.Diagnostics;
using App.Platform;
using App.Platform.Configuration;
using App.Platform.Files;
using App.Signs.Fingerspelling;

namespace App.Training.Hands;

/// <summary><c>App train fingerspelling</c>: trains on made-up hands, on recorded ones, or on both, and writes or registers the model.</summary>
internal static class TrainFingerspellingCommand
{
    private const int DefaultHands = 60_000;
    private const int DefaultSteps = 2000;

    /// <summary>The command.</summary>
    public static Command Definition { get; } = new("train fingerspelling",
        "[--data file.csv[.gz]|folder] [--synthetic 60000] [--seed 1] [--steps 2000] [--out model.onnx] [--activate]: train a model on made-up hands, and on recorded ones where --data is given", RunAsync);

    private static async Task<int> RunAsync(CommandLine line, Variables variables, CancellationToken cancellation)
    {
        var data = line.Optional("data");
        var hands = line.Integer("synthetic", DefaultHands, min: 0, max: 2_000_000);
        var plan = new TrainingPlan(line.Integer("steps", DefaultSteps, min: 1, max: 1_000_000), line.Integer("seed", 1));
        var target = TrainingTarget.Read(line, variables);
        if (data is null && hands == 0) throw new UsageException("There is nothing to train on: give --data <file or folder>, or --synthetic <number of hands>.");
        var files = data is null ? [] : CsvFiles.In(data);
        TrainedModel? trained = null;
        var code = await BadFileException.ReportAsync(() =>
        {
            var watch = Stopwatch.StartNew();
            void Say(string text) => Console.WriteLine($"{watch.Elapsed.TotalSeconds,6:F1} s  {text}");
            trained = LetterTraining.Run([.. files.Select(FrameFile.ReadLabelled)], hands, plan, Say, cancellation);
            return 0;
        });
        if (trained is not null) await target.KeepAsync(trained, cancellation);
        return code;
    }
}
