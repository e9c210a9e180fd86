using System.Text;
using App.Energy.Disaggregation.Live;
using App.Energy.Readings;
using App.Energy.Readings.Ingest;
using App.Engines.Models;
using App.Engines.Streams;
using App.Platform.Configuration;
using App.Platform.Database;
using App.Tests.Engines.Streams;
using App.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace App.Tests.Energy.Disaggregation.Live;

/// <summary>Ingest, disaggregation and block writing of one process, driven tick by tick.</summary>
internal sealed class LivePipeline : IAsyncDisposable
{
    private readonly TestDatabase database;
    private readonly Postgres web;
    private readonly TestFolder cache = TestFolder.Create();
    private readonly ModelRegistry registry;
    private readonly ActiveModels models;
    private readonly GroupCommit commit;
    private readonly SeriesNames names = new();
    private readonly Notifications signals;
    private readonly TestMeters meters = new();
    private StreamMember? worker;
    private StreamMember? storage;
    private int generation;

    private LivePipeline(TestDatabase database)
    {
        this.database = database;
        web = new Postgres(database.ConnectionString, database.ConnectionString, "web");
        registry = new ModelRegistry(web.Source);
        var loader = new ModelLoader(
            new ModelArtifacts(registry, new() { CacheDirectory = cache.Path }, NullLogger<ModelArtifacts>.Instance), []);
        models = new ActiveModels(registry, loader, PlatformOptions.Read(Variables.Of(new Dictionary<string, string?>())),
            TimeProvider.System, NullLogger<ActiveModels>.Instance);
        signals = new Notifications(web, NullLogger<Notifications>.Instance);
        var options = StreamMember.Defaults;
        var partitions = new StreamPartitions(web, options, TimeProvider.System, NullLogger<StreamPartitions>.Instance);
        commit = new GroupCommit(web, new SeriesResolver(web.Source, names, options), new ReadingStore(web.Source), options, signals,
            partitions, new IngestMetrics(meters), TimeProvider.System, NullLogger<GroupCommit>.Instance);
    }

    /// <summary>The source for queries of a test.</summary>
    public NpgsqlDataSource Source => web.Source;

    /// <summary>The disaggregating member.</summary>
    public StreamMember Worker => worker!;

    /// <summary>Starts it with a model whose every answer depends on every value of its window.</summary>
    /// <param name="database">Where.</param>
    /// <param name="ofMeans">Whether it takes one value a minute, as models did before they saw what goes on within it.</param>
    public static async Task<LivePipeline> StartAsync(TestDatabase database, bool ofMeans = false)
    {
        var pipeline = new LivePipeline(database);
        await SensitiveModel.ActivateAsync(pipeline.registry, ofMeans);
        await pipeline.models.RefreshAsync(default);
        await pipeline.commit.StartAsync(default);
        await pipeline.RestartWorkerAsync();
        return pipeline;
    }

    /// <summary>The model that serves.</summary>
    public ModelUse Model() => models.Get(DisaggregationHandler.Name).Acquire()!;

    /// <summary>Accepts readings as the endpoint does; done when they are durable.</summary>
    public async Task<Ingested> PostAsync(params (string House, Reading[] Readings)[] posts)
    {
        var batch = new ReadingBatch(names.Of("default"), "default", long.MaxValue);
        foreach (var (house, readings) in posts)
            foreach (var reading in readings) batch.Add(Encoding.ASCII.GetBytes($"{house}\nmains"), reading);
        return await commit.AppendAsync(batch);
    }

    /// <summary>Disaggregates everything that has been accepted.</summary>
    public Task ConsumeAsync() => worker!.DrainAsync();

    /// <summary>Moves to blocks what has been disaggregated.</summary>
    public async Task WriteBlocksAsync()
    {
        await storage!.Leases.TickAsync(default);
        await storage.DrainAsync();
    }

    /// <summary>Another process takes over with nothing in memory.</summary>
    public async Task RestartWorkerAsync()
    {
        if (worker is not null)
        {
            await worker.Leases.LeaveAsync(default);
            await worker.DisposeAsync();
        }
        worker = new StreamMember(database.ConnectionString, $"worker-{++generation}",
            postgres =>
                new DisaggregationHandler(postgres.Source, new ReadingStore(postgres.Source), models, new DisaggregationMetrics(meters)));
        storage ??= new StreamMember(database.ConnectionString, "storage",
            postgres => new BlockWriter(postgres.Source, DisaggregationHandler.Name));
        await worker.Leases.TickAsync(default);
        await storage.Leases.TickAsync(default);
    }

    public async ValueTask DisposeAsync()
    {
        await commit.StopAsync(default);
        commit.Dispose();
        await worker!.Leases.LeaveAsync(default);
        await worker.DisposeAsync();
        await storage!.Leases.LeaveAsync(default);
        await storage.DisposeAsync();
        models.Dispose();
        signals.Dispose();
        meters.Dispose();
        await web.DisposeAsync();
        cache.Dispose();
    }
}
