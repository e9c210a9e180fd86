using App.Tests.Fixtures;
using Npgsql;

namespace App.Tests.Engines.Models;

public sealed class ShippedModelsTests : IAsyncLifetime
{
    private readonly TestFolder build = TestFolder.Create();
    private TestDatabase database = null!;
    private ModelProcess process = null!;

    public async Task InitializeAsync()
    {
        database = await TestDatabase.CreateAsync();
        process = new(database);
        Ship(1);
    }

    public async Task DisposeAsync()
    {
        await process.DisposeAsync();
        await database.DisposeAsync();
        build.Dispose();
    }

    [Fact]
    public async Task Processes_that_start_at_once_register_a_shipped_model_once()
    {
        var others = Enumerable.Range(0, 6).Select(_ => new ModelProcess(database)).ToList();
        await Task.WhenAll(others.Select(other => other.Shipped.RegisterAsync(build.Path, default)));
        foreach (var other in others) await other.DisposeAsync();
        Assert.Equal(["tiny@1 active"], await StatesAsync());
    }

    [Fact]
    public async Task The_model_of_a_later_build_replaces_that_of_an_earlier_one()
    {
        await process.Shipped.RegisterAsync(build.Path, default);
        Ship(2);
        await process.Shipped.RegisterAsync(build.Path, default);
        Assert.Equal(["tiny@1 retired", "tiny@2 active"], await StatesAsync());
        Ship(1);
        await process.Shipped.RegisterAsync(build.Path, default);
        Assert.Equal(["tiny@1 retired", "tiny@2 active"], await StatesAsync());
    }

    [Fact]
    public async Task One_that_is_fed_otherwise_waits_until_somebody_activates_it()
    {
        await process.Shipped.RegisterAsync(build.Path, default);
        await using (var connection = new NpgsqlConnection(database.ConnectionString))
        {
            await connection.OpenAsync();
            await using var change = new NpgsqlCommand("update model_versions set spec = jsonb_set(spec, '{input,shape}', '[-1, 1, 3]')",
                connection);
            Assert.Equal(1, await change.ExecuteNonQueryAsync());
        }
        Ship(2);
        for (var start = 0; start < 2; start++)
        {
            await process.Shipped.RegisterAsync(build.Path, default);
            Assert.Equal(["tiny@1 active", "tiny@2 candidate"], await StatesAsync());
        }
    }

    [Fact]
    public async Task A_version_of_the_users_own_choice_is_left_alone()
    {
        await process.Shipped.RegisterAsync(build.Path, default);
        await process.Registry.ActivateAsync(await process.AddAsync(TinyModel.Scaling(9)), default);
        Ship(2);
        await process.Shipped.RegisterAsync(build.Path, default);
        Assert.Equal(["tiny@1 retired", "tiny@2 active"], await StatesAsync());
    }

    [Fact]
    public async Task A_shipped_model_that_does_not_run_is_not_registered()
    {
        File.WriteAllBytes(Path.Combine(build.Path, "tiny.onnx"), [1, 2, 3]);
        await process.Shipped.RegisterAsync(build.Path, default);
        Assert.Empty(await StatesAsync());
    }

    [Fact]
    public async Task A_build_without_models_registers_none()
    {
        await process.Shipped.RegisterAsync(Path.Combine(build.Path, "missing"), default);
        Assert.Empty(await StatesAsync());
    }

    private void Ship(float factor)
    {
        File.WriteAllBytes(Path.Combine(build.Path, "tiny.onnx"), TinyModel.Scaling(factor));
        File.WriteAllText(Path.Combine(build.Path, "tiny.json"), TinyModel.Spec().ToJson());
    }

    private async Task<IEnumerable<string>> StatesAsync() =>
        (await process.Registry.VersionsAsync("tiny", default)).Select(version => $"{version.Label} {version.State}");
}
