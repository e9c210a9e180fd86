using System.Diagnostics;
using App.Platform;
using App.Platform.Configuration;
using App.Platform.Files;

namespace App.Training;

/// <summary><c>App train disaggregation</c>: trains on simulated houses or on files with truth, and writes or registers the model.</summary>
internal static class TrainDisaggregationCommand
{
    private const int DefaultSteps = 16_000;

    /// <summary>Small: with as many windows, four times the steps reach further than steps of 256 windows.</summary>
    private const int Batch = 64;

    /// <summary>The command.</summary>
    public static Command Definition { get; } = new("train disaggregation",
        "--simulate <households> | --data file.csv[.gz]|folder [--seed 1] [--steps 16000] [--networks 1] [--out model.onnx] [--activate]: train a model", RunAsync);

    private static async Task<int> RunAsync(CommandLine line, Variables variables, CancellationToken cancellation)
    {
        var data = line.Optional("data");
        var households = line.Integer("simulate", 0, min: 2, max: 10_000);
        var plan = new TrainingPlan(line.Integer("steps", DefaultSteps, min: 1, max: 1_000_000), line.Integer("seed", 1), Batch);
        var networks = line.Integer("networks", 1, min: 1, max: 8);
        var target = TrainingTarget.Read(line, variables);
        if (data is null == (households == 0)) throw new UsageException("Give either --simulate <number of households> or --data <file or folder>.");
        var files = data is null ? [] : CsvFiles.In(data);
        TrainedModel? trained = null;
        var code = await BadFileException.ReportAsync(() =>
        {
            var watch = Stopwatch.StartNew();
            void Say(string text) => Console.WriteLine($"{watch.Elapsed.TotalSeconds,6:F1} s  {text}");
            var houses = data is null ? TrainingHouses.Simulated(households, plan.Seed) : TrainingHouses.OfFiles(files);
            Say(houses.Split);
            trained = DisaggregationTraining.Run(houses, plan, networks, Say, cancellation);
            return 0;
        });
        if (trained is not null) await target.KeepAsync(trained, cancellation);
        return code;
    }
}
