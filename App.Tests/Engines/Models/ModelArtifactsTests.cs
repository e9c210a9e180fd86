using App.Engines.Models;
using App.Tests.Fixtures;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace App.Tests.Engines.Models;

public sealed class ModelArtifactsTests : IAsyncLifetime
{
    private readonly Dictionary<string, byte[]> files = [];
    private readonly WebApplication store;
    private TestDatabase database = null!;
    private ModelProcess process = null!;

    public ModelArtifactsTests()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        store = builder.Build();
        store.MapGet("/models/{**path}", (string path) => files.TryGetValue(path, out var file) ? Results.Bytes(file) : Results.NotFound());
    }

    public async Task InitializeAsync()
    {
        await store.StartAsync(CancellationToken.None);
        database = await TestDatabase.CreateAsync();
        process = new(database, new Uri(store.Urls.Single() + "/models/"));
    }

    public async Task DisposeAsync()
    {
        await process.DisposeAsync();
        await database.DisposeAsync();
        await store.DisposeAsync();
    }

    [Fact]
    public async Task An_artifact_is_fetched_checked_and_then_kept_on_disk()
    {
        var artifact = TinyModel.Scaling(4);
        files["tiny/1.onnx"] = artifact;
        var hash = ModelArtifacts.HashOf(artifact);
        Assert.Equal(artifact, await process.Artifacts.FetchAsync("tiny/1.onnx", hash, default));
        files.Clear();
        Assert.Equal(artifact, await process.Artifacts.FetchAsync("tiny/1.onnx", hash, default));
    }

    [Fact]
    public async Task What_has_changed_on_disk_is_fetched_again()
    {
        var artifact = TinyModel.Scaling(4);
        files["tiny/1.onnx"] = artifact;
        var hash = ModelArtifacts.HashOf(artifact);
        await File.WriteAllBytesAsync(Path.Combine(process.CacheDirectory, hash + ".onnx"), [1, 2, 3], CancellationToken.None);
        Assert.Equal(artifact, await process.Artifacts.FetchAsync("tiny/1.onnx", hash, default));
    }

    [Fact]
    public async Task Another_artifact_than_the_registered_one_is_refused()
    {
        files["tiny/1.onnx"] = TinyModel.Scaling(5);
        var expected = ModelArtifacts.HashOf(TinyModel.Scaling(4));
        var error = await Assert.ThrowsAsync<InvalidModelException>(() => process.Artifacts.FetchAsync("tiny/1.onnx", expected, default));
        Assert.Contains($"not {expected}", error.Message);
        Assert.Empty(Directory.GetFiles(process.CacheDirectory));
    }

    [Fact]
    public async Task A_missing_artifact_is_named_by_its_url()
    {
        var error =
            await Assert.ThrowsAsync<InvalidModelException>(() =>
                process.Artifacts.FetchAsync("tiny/7.onnx", new string('0', 64), default));
        Assert.Contains("/models/tiny/7.onnx answers 404", error.Message);
    }

    [Fact]
    public async Task A_version_whose_artifact_lies_elsewhere_serves()
    {
        var artifact = TinyModel.Scaling(4);
        files["tiny/1.onnx"] = artifact;
        await process.Registry.ActivateAsync(
            await process.Registry.AddAsync(TinyModel.Spec(), ModelArtifacts.HashOf(artifact), null, "tiny/1.onnx", default), default);
        await process.Models.RefreshAsync(default);
        using var use = process.Models.Get("tiny").Acquire();
        Assert.Equal([8f, 8, 8], ModelProcess.Run(use!, 2));
    }
}
