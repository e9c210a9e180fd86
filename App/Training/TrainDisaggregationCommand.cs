using System.Diagnostics;
using App.Disaggregation;
using App.Models;
using App.Platform;
using App.Platform.Configuration;
using App.Platform.Database;
using App.Platform.Files;

namespace App.Training;

/// <summary><c>App train disaggregation</c>: trains on simulated houses or on files with truth, and writes or registers the model.</summary>
internal static class TrainDisaggregationCommand
{
    private const int DefaultSteps = 4000;

    /// <summary>The command.</summary>
    public static Command Definition { get; } = new("train disaggregation",
        "--simulate <households> | --data file.csv[.gz]|folder [--seed 1] [--steps 4000] [--out model.onnx] [--activate]: train a model", RunAsync);

    private static async Task<int> RunAsync(CommandLine line, Variables variables, CancellationToken cancellation)
    {
        var data = line.Optional("data");
        var households = line.Integer("simulate", 0, min: 2, max: 10_000);
        var plan = new TrainingPlan(line.Integer("steps", DefaultSteps, min: 1, max: 1_000_000), line.Integer("seed", 1));
        var target = line.Optional("out");
        var activate = line.Switch("activate");
        line.RefuseUnread();
        if (data is null == (households == 0)) throw new UsageException("Give either --simulate <number of households> or --data <file or folder>.");
        var files = data is null ? [] : CsvFiles.In(data);
        var options = PlatformOptions.Read(variables);
        variables.ThrowIfInvalid();
        if (activate && options.ConnectionString is null) throw new UsageException("--activate needs a registry: set DATABASE_URL, or write a file with --out model.onnx.");
        if (target is null && options.ConnectionString is null) throw new UsageException("Give --out model.onnx, or set DATABASE_URL: otherwise the model would be lost.");
        TrainedModel? trained = null;
        var code = await BadFileException.ReportAsync(() =>
        {
            var watch = Stopwatch.StartNew();
            void Say(string text) => Console.WriteLine($"{watch.Elapsed.TotalSeconds,6:F1} s  {text}");
            var houses = data is null ? TrainingHouses.Simulated(households, plan.Seed) : TrainingHouses.OfFiles(files);
            Say(houses.Split);
            var model = DisaggregationTraining.Run(houses, plan, Say, cancellation);
            if (target is not null) Write(model, target, Say);
            trained = model;
            return 0;
        });
        if (trained is not null) await RegisterAsync(trained, options, activate, cancellation);
        return code;
    }

    // Where a database is configured a trained model becomes a candidate there, or serves at once if asked.
    private static async Task RegisterAsync(TrainedModel model, PlatformOptions options, bool activate, CancellationToken ct)
    {
        if (options.UnpooledConnectionString is not { } connectionString) return;
        await SchemaMigration.ApplyAsync(connectionString, ct);
        var version = await ModelRegistration.AddAsync(connectionString, model.Artifact, model.Spec, activate, ct);
        Console.WriteLine($"registered {version.Label} as {(activate ? "the active version" : "a candidate")}");
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
