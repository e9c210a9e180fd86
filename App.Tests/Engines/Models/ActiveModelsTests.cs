using System.Collections.Concurrent;
using App.Engines.Models;
using App.Platform.Configuration;
using App.Platform.Database;
using App.Platform.Observability;
using App.Tests.Fixtures;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace App.Tests.Engines.Models;

public sealed class ActiveModelsTests : IAsyncLifetime
{
    private TestDatabase database = null!;
    private ModelProcess process = null!;

    public async Task InitializeAsync()
    {
        database = await TestDatabase.CreateAsync();
        process = new(database, null,
            new ModelPurpose("tiny",
                spec =>
                    spec.Labels.Count == TinyModel.Width ? null : $"it has {spec.Labels.Count} labels, and {TinyModel.Width} are needed"));
    }

    public async Task DisposeAsync()
    {
        await process.DisposeAsync();
        await database.DisposeAsync();
    }

    [Fact]
    public async Task Without_a_version_nothing_serves_and_health_names_what_is_missing()
    {
        await process.Models.RefreshAsync(default);
        Assert.Null(process.Models.Get("tiny").Acquire());
        var health = await new ModelsHealth(process.Models).CheckAsync(default);
        Assert.Equal(HealthStatus.Degraded, health.Status);
        Assert.Contains("No version of 'tiny' is active", health.Note);
    }

    [Fact]
    public async Task The_active_version_serves_under_its_label()
    {
        await ActivateAsync(await process.AddAsync(TinyModel.Scaling(1)));
        await ActivateAsync(await process.AddAsync(TinyModel.Scaling(2)));
        using var use = process.Models.Get("tiny").Acquire();
        Assert.Equal("tiny@2", use!.Label);
        Assert.Equal([10f, 10, 10], ModelProcess.Run(use, 5));
        Assert.Equal(HealthStatus.Up, (await new ModelsHealth(process.Models).CheckAsync(default)).Status);
    }

    [Theory]
    [InlineData("update model_versions set artifact = '\\x00' where version = 2", "has sha256")]
    [InlineData("update model_versions set artifact = null, artifact_url = 'tiny/2.onnx' where version = 2",
        "MODEL_ARTIFACT_BASE_URL is unset")]
    [InlineData("update model_versions set spec = jsonb_set(spec, '{labels}', '[]') where version = 2", "3 are needed")]
    [InlineData("update model_versions set spec = '{}' where version = 2", "cannot be read by this build")]
    public async Task A_bad_model_leaves_the_old_one_serving(string damage, string fault)
    {
        await ActivateAsync(await process.AddAsync(TinyModel.Scaling(1)));
        var bad = await process.AddAsync(TinyModel.Scaling(2));
        await process.ExecuteAsync(damage);
        await ActivateAsync(bad);
        using var use = process.Models.Get("tiny").Acquire();
        Assert.Equal("tiny@1", use!.Label);
        Assert.Equal([5f, 5, 5], ModelProcess.Run(use, 5));
        var health = await new ModelsHealth(process.Models).CheckAsync(default);
        Assert.Equal(HealthStatus.Degraded, health.Status);
        Assert.Contains(fault, health.Note);
    }

    [Fact]
    public async Task After_a_bad_model_a_good_one_is_taken()
    {
        var good = await process.AddAsync(TinyModel.Scaling(1));
        var bad = await process.AddAsync(TinyModel.Scaling(2));
        await process.ExecuteAsync("update model_versions set artifact = '\\x00' where version = 2");
        await ActivateAsync(bad);
        Assert.Null(process.Models.Get("tiny").Acquire());
        await ActivateAsync(good);
        using var use = process.Models.Get("tiny").Acquire();
        Assert.Equal("tiny@1", use!.Label);
        Assert.Null(process.Models.Get("tiny").Fault);
    }

    [Fact]
    public async Task What_was_put_right_is_tried_again()
    {
        var version = await process.AddAsync(TinyModel.Scaling(1));
        await process.ExecuteAsync("update model_versions set artifact = null, artifact_url = 'tiny/1.onnx'");
        await ActivateAsync(version);
        var artifact = Convert.ToHexString(TinyModel.Scaling(1));
        await process.ExecuteAsync($"update model_versions set artifact = '\\x{artifact}'");
        await process.Models.RefreshAsync(default);
        Assert.Null(process.Models.Get("tiny").Acquire());
        process.Models.Get("tiny").RetryNow();
        await process.Models.RefreshAsync(default);
        using var use = process.Models.Get("tiny").Acquire();
        Assert.Equal("tiny@1", use!.Label);
    }

    [Fact]
    public async Task A_swap_waits_for_nobody_and_takes_the_model_from_nobody()
    {
        await ActivateAsync(await process.AddAsync(TinyModel.Scaling(1)));
        var use = process.Models.Get("tiny").Acquire()!;
        await ActivateAsync(await process.AddAsync(TinyModel.Scaling(2)));
        Assert.Equal([5f, 5, 5], ModelProcess.Run(use, 5));
        use.Dispose();
        use.Dispose();
        Assert.Throws<ObjectDisposedException>(() => ModelProcess.Run(use, 5));
        using var next = process.Models.Get("tiny").Acquire();
        Assert.Equal([10f, 10, 10], ModelProcess.Run(next!, 5));
    }

    [Fact]
    public async Task Under_load_every_answer_comes_from_exactly_one_version()
    {
        const int versions = 6;
        await ActivateAsync(await process.AddAsync(TinyModel.Scaling(1)));
        using var enough = new CancellationTokenSource();
        var seen = new ConcurrentDictionary<int, int>();
        var runners = Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            while (!enough.IsCancellationRequested)
            {
                using var use = process.Models.Get("tiny").Acquire()!;
                var factor = int.Parse(use.Label["tiny@".Length..]);
                Assert.Equal([7f * factor, 7f * factor, 7f * factor], ModelProcess.Run(use, 7));
                seen.AddOrUpdate(factor, 1, (_, count) => count + 1);
            }
        }, CancellationToken.None)).ToList();
        for (var factor = 2; factor <= versions; factor++)
        {
            await ActivateAsync(await process.AddAsync(TinyModel.Scaling(factor)));
            // Each version is used before the next one comes.
            while (!seen.ContainsKey(factor) && runners.TrueForAll(runner => !runner.IsFaulted)) await Task.Yield();
        }
        await enough.CancelAsync();
        await Task.WhenAll(runners);
        Assert.Equal(Enumerable.Range(1, versions), seen.Keys.Order());
    }

    [Fact]
    public async Task Another_process_follows_an_activation()
    {
        var loaded = new LoadedLines();
        await using var other = new ModelProcess(database);
        using var models = new ActiveModels(other.Registry, other.Loader,
            PlatformOptions.Read(Variables.Of(new Dictionary<string, string?>())), TimeProvider.System, loaded);
        await using var postgres = new Postgres(database.ConnectionString, database.ConnectionString, "other");
        using var notifications = new Notifications(postgres, NullLogger<Notifications>.Instance);
        using var refresher = new ModelRefresher(notifications, other.Shipped, models, other.Shadows, TimeProvider.System,
            NullLogger<ModelRefresher>.Instance);
        await ActivateAsync(await process.AddAsync(TinyModel.Scaling(1)));
        await notifications.StartAsync(default);
        await refresher.StartAsync(default);
        Assert.Equal("Loaded model tiny@1 input x[-1,3] output y[-1,3]", await loaded.NextAsync());
        await ActivateAsync(await process.AddAsync(TinyModel.Scaling(2)));
        Assert.Equal("Loaded model tiny@2 input x[-1,3] output y[-1,3]", await loaded.NextAsync());
        await refresher.StopAsync(default);
        await notifications.StopAsync(default);
    }

    private async Task ActivateAsync(ModelVersion version)
    {
        await process.Registry.ActivateAsync(version, default);
        await process.Models.RefreshAsync(default);
    }

    /// <summary>Hands out the lines about models of the name that the test uses.</summary>
    private sealed class LoadedLines : ILogger<ActiveModels>
    {
        private readonly System.Threading.Channels.Channel<string> lines = System.Threading.Channels.Channel.CreateUnbounded<string>();

        public async Task<string> NextAsync() => await lines.Reader.ReadAsync().AsTask().WaitAsync(Poll.Patience);

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            var line = formatter(state, exception);
            if (line.Contains(" tiny@")) lines.Writer.TryWrite(line);
        }
    }
}
