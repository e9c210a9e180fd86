using System.CommandLine;
using App.Engines.Models;
using App.Platform;
using App.Platform.Commands;
using App.Platform.Configuration;
using App.Platform.Database;

namespace App.Training;

/// <summary>
/// Where a trained model goes: <c>--out model.onnx</c> writes it with its spec, a configured database registers it as a
/// candidate, or as the active version with <c>--activate</c>.
/// </summary>
internal sealed class TrainingTarget
{
    private readonly string? path;
    private readonly bool activate;
    private readonly PlatformOptions options;

    /// <summary><c>--out</c>.</summary>
    public static Option<string?> Out() =>
        CommandOptions.Text("--out", "model.onnx", "Writes the model to a file, with its spec beside it.");

    /// <summary><c>--activate</c>.</summary>
    public static Option<bool> Activate() =>
        new("--activate") { Description = "Registers the model as the active version instead of a candidate." };

    private TrainingTarget(string? path, bool activate, PlatformOptions options) =>
        (this.path, this.activate, this.options) = (path, activate, options);

    /// <summary>Checks what was asked for, before anything is trained.</summary>
    /// <exception cref="UsageException">The options contradict each other, or the model would be lost.</exception>
    public static TrainingTarget Check(string? path, bool activate, Variables variables)
    {
        var platform = PlatformOptions.Read(variables);
        variables.ThrowIfInvalid();
        if (activate && platform.ConnectionString is null)
            throw new UsageException("--activate needs a registry: set DATABASE_URL, or write a file with --out model.onnx.");
        if (path is null && platform.ConnectionString is null)
            throw new UsageException("Give --out model.onnx, or set DATABASE_URL: otherwise the model would be lost.");
        return new(path, activate, platform);
    }

    /// <summary>Writes and registers the model.</summary>
    /// <returns>What was done, for the summary.</returns>
    /// <exception cref="UsageException">The file cannot be written.</exception>
    public async Task<CommandSummary> KeepAsync(TrainedModel model, CancellationToken ct)
    {
        var done = new List<(string, string)>();
        if (path is not null) done.Add(("wrote", Write(model, path)));
        if (options.UnpooledConnectionString is not { } connectionString) return new(done);
        await SchemaMigration.ApplyAsync(connectionString, ct);
        var version = await ModelRegistration.AddAsync(connectionString, model.Artifact, model.Spec, activate, ct);
        done.Add(("registered", $"{version.Label} as {(activate ? "the active version" : "a candidate")}"));
        return new(done);
    }

    private static string Write(TrainedModel model, string path)
    {
        var spec = Path.ChangeExtension(path, ".json");
        try
        {
            File.WriteAllBytes(path, model.Artifact);
            File.WriteAllText(spec, model.Spec.ToJson() + "\n");
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new UsageException($"--out is '{path}': it cannot be written ({e.Message}).");
        }
        return $"{path} ({model.Artifact.Length / 1024} KiB) and {spec}";
    }
}
