using Npgsql;

namespace App.Engines.Models;

/// <summary>
/// Reads and writes the registry's rows, in plain SQL: loading models at start must not wait for EF. Changes to a name
/// wait for each other, and tell every process through <see cref="Channel"/> when they commit.
/// </summary>
internal sealed class ModelRegistry(NpgsqlDataSource source)
{
    /// <summary>The notification that an active version has changed; its payload is the model's name.</summary>
    public const string Channel = "model_versions";

    /// <summary>What <see cref="ReadAsync"/> expects to be selected.</summary>
    public const string Columns = "id, name, version, sha256, spec::text, artifact_url, state, created_at, activated_at";

    /// <summary>The active version of each name.</summary>
    public async Task<IReadOnlyList<ModelVersion>> ActiveAsync(CancellationToken ct)
    {
        await using var command = source.CreateCommand($"select {Columns} from model_versions where state = 'active' order by name");
        return await ReadAsync(command, ct);
    }

    /// <summary>Every version of a name, oldest first.</summary>
    public async Task<IReadOnlyList<ModelVersion>> VersionsAsync(string name, CancellationToken ct)
    {
        await using var command = source.CreateCommand($"select {Columns} from model_versions where name = $1 order by version");
        command.Parameters.Add(new() { Value = name });
        return await ReadAsync(command, ct);
    }

    /// <summary>One version, or null.</summary>
    public async Task<ModelVersion?> FindAsync(string name, int version, CancellationToken ct)
    {
        await using var command = source.CreateCommand($"select {Columns} from model_versions where name = $1 and version = $2");
        command.Parameters.Add(new() { Value = name });
        command.Parameters.Add(new() { Value = version });
        return (await ReadAsync(command, ct)).SingleOrDefault();
    }

    /// <summary>The bytes of an artifact that the database keeps, or null.</summary>
    public async Task<byte[]?> ArtifactAsync(int id, CancellationToken ct)
    {
        await using var command = source.CreateCommand("select artifact from model_versions where id = $1");
        command.Parameters.Add(new() { Value = id });
        return await command.ExecuteScalarAsync(ct) as byte[];
    }

    /// <summary>Registers the next version of <c>spec.Name</c> as a candidate.</summary>
    /// <param name="spec">What the model says of itself.</param>
    /// <param name="sha256">Hash of the artifact.</param>
    /// <param name="artifact">Its bytes; null where it stays at <paramref name="artifactUrl"/>.</param>
    /// <param name="artifactUrl">See <see cref="ModelVersion.ArtifactUrl"/>.</param>
    /// <param name="ct">Gives up.</param>
    public async Task<ModelVersion> AddAsync(ModelSpec spec, string sha256, byte[]? artifact, string? artifactUrl, CancellationToken ct)
    {
        await using var change = await BeginAsync(spec.Name, ct);
        var added = await change.AddAsync(spec, sha256, artifact, artifactUrl, ct);
        await change.CommitAsync(ct);
        return added;
    }

    /// <summary>Makes a version the active one; the one before is retired. Nothing changes when it is active already.</summary>
    public async Task ActivateAsync(ModelVersion version, CancellationToken ct)
    {
        await using var change = await BeginAsync(version.Name, ct);
        await change.ActivateAsync(version.Id, ct);
        await change.CommitAsync(ct);
    }

    /// <summary>Begins a change of one name; others who would change it wait until this one has ended.</summary>
    public Task<ModelChange> BeginAsync(string name, CancellationToken ct) => ModelChange.BeginAsync(source, name, ct);

    /// <summary>Reads rows of <see cref="Columns"/>.</summary>
    public static async Task<IReadOnlyList<ModelVersion>> ReadAsync(NpgsqlCommand command, CancellationToken ct)
    {
        var versions = new List<ModelVersion>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) versions.Add(Row(reader));
        return versions;
    }

    private static ModelVersion Row(NpgsqlDataReader reader) => new()
    {
        Id = reader.GetInt32(0),
        Name = reader.GetString(1),
        Version = reader.GetInt32(2),
        Sha256 = reader.GetString(3),
        Spec = reader.GetString(4),
        ArtifactUrl = reader.IsDBNull(5) ? null : reader.GetString(5),
        State = reader.GetString(6),
        CreatedAt = reader.GetFieldValue<DateTimeOffset>(7),
        ActivatedAt = reader.IsDBNull(8) ? null : reader.GetFieldValue<DateTimeOffset>(8),
    };
}
