using App.Engines.Jobs;
using App.Exchange.Messages;
using App.Platform.Configuration;
using App.Platform.Database;
using App.Platform.Http;
using App.Runs;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Bench;

/// <summary>Jobs and messages as a worker of the product has them, without the rest of it.</summary>
internal static class MessagesWorker
{
    /// <summary>The services of both roles.</summary>
    public static (IServiceCollection Services, JobsModule Jobs, MessagesModule Messages) Services(string url)
    {
        var connection = DatabaseUrl.Parse(url).ConnectionString!;
        var variables = Variables.Of(new Dictionary<string, string?>
        {
            ["EGRESS_ALLOW"] = "127.0.0.1",
            ["WEBHOOK_SIGNING_SECRET"] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            ["WEBHOOK_TIMEOUT_MS"] = "35000",
            ["OUTBOX_WORKER_BATCH_SIZE"] = Environment.GetEnvironmentVariable("OUTBOX_WORKER_BATCH_SIZE"),
        });
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.AddSimpleConsole(console => console.SingleLine = true).SetMinimumLevel(LogLevel.Warning));
        var postgres = new Postgres(connection, connection, Postgres.NewProcessName());
        services.AddSingleton(TimeProvider.System).AddSingleton(postgres).AddSingleton(postgres.Source).AddMetrics();
        services.AddDbContext<AppDbContext>(db => db.UseNpgsql(postgres.Source));
        services.AddSingleton(EgressOptions.Read(variables))
            .AddSingleton<EgressPolicy>().AddSingleton(provider => new Egress(provider.GetRequiredService<EgressPolicy>()));
        services.AddMetrics();
        services.AddSingleton<Notifications>().AddHostedService(provider => provider.GetRequiredService<Notifications>());
        var (jobs, messages) = (new JobsModule(), new MessagesModule());
        jobs.AddServices(services, variables);
        new RunsModule().AddServices(services, variables);
        messages.AddServices(services, variables);
        return (services, jobs, messages);
    }

    /// <summary>The worker: begins at a line of input, ends at the next.</summary>
    public static async Task RunAsync(string url)
    {
        var (services, jobs, messages) = Services(url);
        jobs.AddWorkers(services);
        messages.AddWorkers(services);
        await using var provider = services.BuildServiceProvider();
        var hosted = provider.GetServices<IHostedService>().ToArray();
        await Console.In.ReadLineAsync();
        foreach (var service in hosted) await service.StartAsync(default);
        await Console.In.ReadLineAsync();
        foreach (var service in hosted) await service.StopAsync(default);
    }
}
