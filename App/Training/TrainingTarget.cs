using App.Engines.Models;
using App.Platform;
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

    private TrainingTarget(string? path, bool activate, PlatformOptions options) => (this.path, this.activate, this.options) = (path, activate, options);

    /// <summary>Reads the options, before anything is trained.</summary>
    /// <exception cref="UsageException">They contradict each other, or the model would be lost.</exception>
    public static TrainingTarget Read(CommandLine line, Variables variables)
    {
        var (path, activate) = (line.Optional("out"), line.Switch("activate"));
        line.RefuseUnread();
        var platform = PlatformOptions.Read(variables);
        variables.ThrowIfInvalid();
        if (activate && platform.ConnectionString is null) throw new UsageException("--activate needs a registry: set DATABASE_URL, or write a file with --out model.onnx.");
        if (path is null && platform.ConnectionString is null) throw new UsageException("Give --out model.onnx, or set DATABASE_URL: otherwise the model would be lost.");
        return new(path, activate, platform);
    }

    /// <summary>Writes and registers the model.</summary>
    /// <exception cref="UsageException">The file cannot be written.</exception>
    public async Task KeepAsync(TrainedModel model, CancellationToken ct)
    {
        if (path is not null) Write(model, path);
        if (options.UnpooledConnectionString is not { } connectionString) return;
        await SchemaMigration.ApplyAsync(connectionString, ct);
        var version = await ModelRegistration.AddAsync(connectionString, model.Artifact, model.Spec, activate, ct);
        Console.WriteLine($"registered {version.Label} as {(activate ? "the active version" : "a candidate")}");
    }

    private static void Write(TrainedModel model, string path)
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
        Console.WriteLine($"wrote {path} ({model.Artifact.Length / 1024} KiB) and {spec}");
    }
}
