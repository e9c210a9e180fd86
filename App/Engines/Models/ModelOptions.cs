using App.Platform.Configuration;
using App.Platform.Serving;

namespace App.Engines.Models;

/// <summary>Where artifacts that the database does not keep are fetched from, and where they are kept on disk.</summary>
internal sealed record ModelOptions
{
    /// <summary>The largest artifact that is taken.</summary>
    public const int MostBytes = 256 * 1024 * 1024;

    /// <summary>Artifacts are fetched from under this URL; null: all artifacts are in the database.</summary>
    public Uri? ArtifactBase { get; init; }

    /// <summary>Fetched artifacts, named by their hash.</summary>
    public required string CacheDirectory { get; init; }

    /// <summary>Reads MODEL_ARTIFACT_BASE_URL.</summary>
    public static ModelOptions Read(Variables variables) => new()
    {
        ArtifactBase = variables.Url("MODEL_ARTIFACT_BASE_URL"),
        CacheDirectory = Path.Combine(DatabaseServer.DataDirectory, "models"),
    };
}
