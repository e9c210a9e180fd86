using System.Diagnostics;
using App.Disaggregation;
using App.Models;
using App.Platform;
using App.Platform.Configuration;

namespace App.Training;

/// <summary><c>App train disaggregation</c>: trains on simulated houses or on files with truth, and writes or registers the model.</summary>
internal static class TrainDisaggregationCommand
{
    private const int DefaultSteps = 4000;

    /// <summary>The command.</summary>
    public static Command Definition { get; } = new("train disaggregation",
        "--simulate <households> | --data file.csv[.gz]|folder [--seed 1] [--steps 4000] [--out model.onnx] [--activate]: train a model", RunAsync);

    private static Task<int> RunAsync(CommandLine line, Variables variables, CancellationToken cancellation)
    {
        var data = line.Optional("data");
        var households = line.Integer("simulate", 0, min: 2, max: 10_000);
        var plan = new TrainingPlan(line.Integer("steps", DefaultSteps, min: 1, max: 1_000_000), line.Integer("seed", 1));
        var target = line.Optional("out");
        var activate = line.Switch("activate");
        line.RefuseUnread();
        if (data is null == (households == 0)) throw new UsageException("Give either --simulate <number of households> or --data <file or folder>.");
        if (target is null && !activate) throw new UsageException("Give --out model.onnx, --activate, or both: otherwise the model would be lost.");
        var files = data is null ? [] : HouseFiles.In(data);
        return BadFileException.ReportAsync(() =>
        {
            var watch = Stopwatch.StartNew();
            void Say(string text) => Console.WriteLine($"{watch.Elapsed.TotalSeconds,6:F1} s  {text}");
            var houses = data is null ? TrainingHouses.Simulated(households, plan.Seed) : TrainingHouses.OfFiles(files);
            Say(houses.Split);
            var model = DisaggregationTraining.Run(houses, plan, Say, cancellation);
            if (target is not null) Write(model, target, Say);
            if (activate) TrainedModelSink.Activate(model, variables);
            return 0;
        });
    }

    private static void Write(TrainedModel model, string path, Action<string> say)
    {
        try
        {
            File.WriteAllBytes(path, model.Artifact);
            File.WriteAllText(ModelFile.SpecOf(path), model.Spec.ToJson() + "\n");
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new UsageException($"--out is '{path}': it cannot be written ({e.Message}).");
        }
        say($"wrote {path} ({model.Artifact.Length / 1024} KiB) and {ModelFile.SpecOf(path)}");
    }
}

/// <summary>A model fresh from training.</summary>
/// <param name="Artifact">The ONNX file.</param>
/// <param name="Spec">What it says of itself.</param>
internal sealed record TrainedModel(byte[] Artifact, ModelSpec Spec);

/// <summary>Where a trained model goes when it is not written to a file: the registry of model versions.</summary>
internal static class TrainedModelSink
{
    /// <summary>Registers the model as a version and makes it the active one.</summary>
    /// <exception cref="UsageException">There is no registry to register it in.</exception>
    public static void Activate(TrainedModel model, Variables variables) =>
        throw new UsageException($"--activate: a registry of models is needed to activate {model.Spec.Name}; use --out model.onnx.");
}
