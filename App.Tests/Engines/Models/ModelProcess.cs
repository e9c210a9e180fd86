using App.Engines.Models;
using App.Engines.Models.Shadow;
using App.Platform.Configuration;
using App.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace App.Tests.Engines.Models;

/// <summary>The registry and the loaded models of one process, on a test's database.</summary>
internal sealed class ModelProcess : IAsyncDisposable
{
    private readonly NpgsqlDataSource source;
    private readonly TestFolder cache = TestFolder.Create();

    public ModelProcess(TestDatabase database, Uri? artifactBase = null, params ModelPurpose[] purposes)
    {
        source = NpgsqlDataSource.Create(database.ConnectionString);
        Registry = new(source);
        Artifacts = new(Registry, new() { ArtifactBase = artifactBase, CacheDirectory = cache.Path }, NullLogger<ModelArtifacts>.Instance);
        Loader = new(Artifacts, purposes);
        Models = new(Registry, Loader, PlatformOptions.Read(Variables.Of(new Dictionary<string, string?>())), TimeProvider.System,
            NullLogger<ActiveModels>.Instance);
        ShadowRegistry = new(source);
        Shadows = new(ShadowRegistry, Registry, Loader, Models, PlatformOptions.Read(Variables.Of(new Dictionary<string, string?>())),
            TimeProvider.System, NullLogger<ShadowModels>.Instance);
        Shipped = new(Registry, Loader, NullLogger<ShippedModels>.Instance);
    }

    public ModelRegistry Registry { get; }

    public ModelArtifacts Artifacts { get; }

    public ModelLoader Loader { get; }

    public ActiveModels Models { get; }

    public ShadowRegistry ShadowRegistry { get; }

    public ShadowModels Shadows { get; }

    public ShippedModels Shipped { get; }

    public string CacheDirectory => cache.Path;

    public async Task<ModelVersion> AddAsync(byte[] artifact, ModelSpec? spec = null) =>
        await Registry.AddAsync(spec ?? TinyModel.Spec(), ModelArtifacts.HashOf(artifact), artifact, null, default);

    public async Task ExecuteAsync(string sql)
    {
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public static float[] Run(ModelUse use, float value)
    {
        var output = new float[TinyModel.Width];
        use.Model.Run([value, value, value], output, 1);
        return output;
    }

    public async ValueTask DisposeAsync()
    {
        Shadows.Dispose();
        Models.Dispose();
        await source.DisposeAsync();
        cache.Dispose();
    }
}
