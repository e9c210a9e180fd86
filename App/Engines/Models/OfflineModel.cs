using App.Platform;
using App.Platform.Configuration;
using App.Platform.Database;
using App.Platform.Serving;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace App.Engines.Models;

/// <summary>
/// The model of a command that runs without a server: a file, a registered version, else the active one of DATABASE_URL,
/// else the shipped one. Without DATABASE_URL no database is touched.
/// </summary>
internal sealed class OfflineModel : IDisposable
{
    private OfflineModel(OnnxModel model, string label) => (Model, Label) = (model, label);

    /// <summary>The model.</summary>
    public OnnxModel Model { get; }

    /// <summary>What it is called: <c>disaggregation@3</c>, <c>disaggregation (shipped)</c>, or its file.</summary>
    public string Label { get; }

    /// <summary>Loads it.</summary>
    /// <param name="name">The task, such as <c>disaggregation</c>.</param>
    /// <param name="option">The value of <c>--model</c>: <c>file.onnx</c> (its spec beside it in <c>file.json</c>), <c>name@version</c>, or
    /// null.</param>
    /// <param name="variables">DATABASE_URL and MODEL_ARTIFACT_BASE_URL are read.</param>
    /// <param name="ct">Gives up.</param>
    /// <exception cref="UsageException">There is no such model, or it cannot be used.</exception>
    /// <exception cref="UnavailableException">The database of DATABASE_URL does not answer.</exception>
    public static async Task<OfflineModel> LoadAsync(string name, string? option, Variables variables, CancellationToken ct)
    {
        try
        {
            if (option is null) return await ActiveAsync(name, variables, ct) ?? Shipped(name);
            if (File.Exists(option)) return Load(await File.ReadAllBytesAsync(option, ct), ShippedModels.ReadSpec(option), name, option);
            if (Version(option) is { } version) return await RegisteredAsync(name, version.Name, version.Number, variables, ct);
            throw new UsageException(
                $"--model is '{option}': there is no such file; give a .onnx file with its .json beside it, or name@version.");
        }
        catch (InvalidModelException e)
        {
            throw new UsageException($"The model {option ?? name} cannot be used: {e.Detail}");
        }
        catch (NpgsqlException e)
        {
            throw new UnavailableException($"The model registry of DATABASE_URL cannot be read: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();

    private static OfflineModel Load(byte[] artifact, ModelSpec spec, string name, string label)
    {
        if (spec.Name != name) throw new UsageException($"--model is '{label}', a model for {spec.Name}: give one for {name}.");
        spec.Check();
        return new(OnnxModel.Load(artifact, spec), label);
    }

    private static OfflineModel Shipped(string name) =>
        ShippedModels.Find(name) is { } shipped
            ? Load(shipped.Artifact, shipped.Spec, name, $"{name} (shipped)")
            : throw new UsageException(
                $"No model for {name} comes with this build: give --model <file.onnx>, or set DATABASE_URL and --model {name}@<version>.");

    private static async Task<OfflineModel?> ActiveAsync(string name, Variables variables, CancellationToken ct)
    {
        if (ConnectionString(variables) is not { } connectionString) return null;
        await using var source = NpgsqlDataSource.Create(connectionString);
        var registry = new ModelRegistry(source);
        try
        {
            var active = (await registry.ActiveAsync(ct)).SingleOrDefault(version => version.Name == name);
            return active is null ? null : await LoadAsync(registry, active, name, variables, ct);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            // A database that no server has used yet has no registry.
            return null;
        }
    }

    private static async Task<OfflineModel> RegisteredAsync(string task, string name, int number, Variables variables, CancellationToken ct)
    {
        if (ConnectionString(variables) is not { } connectionString)
            throw new UsageException(
                $"--model is '{name}@{number}', which is in the registry of a database: set DATABASE_URL, or give a .onnx file.");
        await using var source = NpgsqlDataSource.Create(connectionString);
        var registry = new ModelRegistry(source);
        var version = await registry.FindAsync(name, number, ct)
            ?? throw new UsageException($"--model is '{name}@{number}': the registry of DATABASE_URL has no such version.");
        return await LoadAsync(registry, version, task, variables, ct);
    }

    private static async Task<OfflineModel> LoadAsync(ModelRegistry registry, ModelVersion version, string task, Variables variables,
        CancellationToken ct)
    {
        var options = ModelOptions.Read(variables);
        variables.ThrowIfInvalid();
        var artifacts = new ModelArtifacts(registry, options, NullLogger<ModelArtifacts>.Instance);
        return Load(await artifacts.GetAsync(version, ct), ModelSpec.Parse(version.Spec), task, version.Label);
    }

    private static string? ConnectionString(Variables variables)
    {
        if (variables.Text("DATABASE_URL") is not { } url) return null;
        var parsed = DatabaseUrl.Parse(url);
        if (parsed.Fault is { } fault) variables.Fault("DATABASE_URL", "(not shown)", fault, 0);
        variables.ThrowIfInvalid();
        return parsed.ConnectionString;
    }

    private static (string Name, int Number)? Version(string option)
    {
        var at = option.LastIndexOf('@');
        return at > 0 && int.TryParse(option.AsSpan(at + 1), out var number) ? (option[..at], number) : null;
    }
}
