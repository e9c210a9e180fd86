using Npgsql;

namespace App.Engines.Models;

/// <summary>Registers a model from a command: <c>App train … --activate</c>.</summary>
internal static class ModelRegistration
{
    /// <summary>Adds the next version, and activates it if asked; running servers swap to it within a second.</summary>
    /// <param name="connectionString">A migrated database.</param>
    /// <param name="artifact">A self-contained ONNX file.</param>
    /// <param name="spec">What it says of itself.</param>
    /// <param name="activate">Whether it serves from now on, or stays a candidate.</param>
    /// <param name="ct">Gives up.</param>
    /// <exception cref="InvalidModelException">The artifact does not run, or is not what the spec says.</exception>
    public static async Task<ModelVersion> AddAsync(string connectionString, byte[] artifact, ModelSpec spec, bool activate,
        CancellationToken ct)
    {
        spec.Check();
        OnnxModel.Load(artifact, spec).Dispose();
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var change = await new ModelRegistry(source).BeginAsync(spec.Name, ct);
        var added = await change.AddAsync(spec, ModelArtifacts.HashOf(artifact), artifact, null, ct);
        if (activate) await change.ActivateAsync(added.Id, ct);
        await change.CommitAsync(ct);
        return added;
    }
}
