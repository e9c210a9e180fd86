using System.Globalization;
using App.Engines.Jobs;
using App.Platform.Configuration;
using App.Platform.Database;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Bench;

/// <summary>What a no-op job carries: when it was enqueued, where that matters, and how many ms it takes all the same.</summary>
internal sealed record NoopArgs(double At, int Ms = 0);

/// <summary>Does nothing, and says so where somebody waits for it.</summary>
internal sealed class NoopHandler : IJobHandler<NoopArgs>
{
    public Task<JobOutcome> RunAsync(NoopArgs args, JobContext job, CancellationToken ct)
    {
        if (args.At > 0) Console.WriteLine((ReadingsLoad.Now - args.At).ToString("0.000", CultureInfo.InvariantCulture));
        return args.Ms == 0 ? Done : PauseAsync(args.Ms, ct);
    }

    private static async Task<JobOutcome> PauseAsync(int ms, CancellationToken ct)
    {
        await Task.Delay(ms, ct);
        return JobOutcome.Done();
    }

    private static readonly Task<JobOutcome> Done = Task.FromResult(JobOutcome.Done());
}

/// <summary>The engine with one kind of job: no-ops. The producer and the worker are processes of their own.</summary>
internal static class JobsWorker
{
    public const string Kind = "bench.noop";

    /// <summary>The engine's services.</summary>
    public static IServiceCollection Services(string url)
    {
        var connection = DatabaseUrl.Parse(url).ConnectionString!;
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.AddSimpleConsole().SetMinimumLevel(LogLevel.Warning));
        services.AddSingleton(TimeProvider.System).AddMetrics();
        services.AddSingleton(new Postgres(connection, connection, Postgres.NewProcessName()));
        services.AddSingleton<Notifications>().AddHostedService(provider => provider.GetRequiredService<Notifications>());
        new JobsModule().AddServices(services, Variables.Of(new Dictionary<string, string?>()));
        return services.AddJobKind<NoopArgs, NoopHandler>(new JobKind { Name = Kind });
    }

    /// <summary>The worker: begins at a line of input, ends at the next.</summary>
    public static async Task RunAsync(string url)
    {
        var services = Services(url);
        new JobsModule().AddWorkers(services);
        await using var provider = services.BuildServiceProvider();
        var hosted = provider.GetServices<IHostedService>().ToArray();
        await Console.In.ReadLineAsync();
        foreach (var service in hosted) await service.StartAsync(default);
        await Console.In.ReadLineAsync();
        foreach (var service in hosted) await service.StopAsync(default);
    }
}
