using App.Engines.Jobs;
using App.Platform.Configuration;
using App.Platform.Database;
using App.Platform.Serving;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace App.Tests.Engines.Jobs;

/// <summary>What one process of the product has of the jobs engine.</summary>
internal sealed class JobProcess : IAsyncDisposable
{
    private readonly ServiceProvider services;
    private readonly Draining draining;
    private bool listens;
    private bool works;

    public JobProcess(JobBench bench, JobOptions options, IReadOnlyList<JobKind> kinds, string connectionString,
        IReadOnlyList<JobPool> pools)
    {
        var collection = new ServiceCollection().AddLogging(logging => logging.SetMinimumLevel(LogLevel.None));
        collection.AddSingleton(bench).AddSingleton(TimeProvider.System).AddMetrics();
        collection.AddSingleton(_ => new Postgres(connectionString, connectionString, Postgres.NewProcessName()));
        var module = new JobsModule();
        module.AddServices(collection, Variables.Of(new Dictionary<string, string?>()));
        module.AddWorkers(collection);
        collection.AddSingleton<Notifications>().AddSingleton(options);
        foreach (var pool in pools) collection.AddJobPool(pool.Queue!, _ => pool);
        foreach (var kind in kinds) collection.AddJobKind<Errand, ErrandHandler>(kind);
        services = collection.BuildServiceProvider();
        draining = new Draining(services);
    }

    public JobQueue Queue => Get<JobQueue>();

    public T Get<T>()
        where T : notnull => services.GetRequiredService<T>();

    /// <summary>Runs jobs from now on.</summary>
    /// <param name="listening">False: nothing is ever notified here.</param>
    public async Task StartAsync(bool listening = true)
    {
        await draining.StartingAsync(default);
        foreach (var service in services.GetServices<IHostedService>()) await service.StartAsync(default);
        works = true;
        if (!listening) return;
        await Get<Notifications>().StartAsync(default);
        listens = true;
    }

    /// <summary>Drains.</summary>
    public async Task StopAsync()
    {
        if (works) await draining.StoppingAsync(default);
        if (listens) await Get<Notifications>().StopAsync(default);
        (works, listens) = (false, false);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await services.DisposeAsync();
    }

    private sealed class ErrandHandler(JobBench bench) : IJobHandler<Errand>
    {
        public Task<JobOutcome> RunAsync(Errand args, JobContext job, CancellationToken ct)
        {
            bench.Began.Enqueue((args.Name, job.Id, job.Attempt));
            return bench.Do(args, job, ct);
        }
    }
}
