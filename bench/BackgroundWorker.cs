using System.Globalization;
using App.Engines.Background;
using App.Platform.Configuration;
using App.Platform.Database;
using Hangfire;
using Hangfire.PostgreSql;
using Hangfire.PostgreSql.Factories;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Bench;

/// <summary>Does nothing, and says how long it took to start where somebody waits for it.</summary>
internal sealed class NoopBackgroundJob
{
    /// <summary>Once.</summary>
    /// <param name="at">When it was enqueued; 0: nobody waits.</param>
    /// <param name="ct">Not looked at.</param>
    public Task RunAsync(double at, CancellationToken ct)
    {
        if (at > 0) Console.WriteLine((ReadingsLoad.Now - at).ToString("0.000", CultureInfo.InvariantCulture));
        return Task.CompletedTask;
    }
}

/// <summary>Background jobs as the product runs them, and Hangfire as it comes. Producer and worker are processes of their own.</summary>
internal static class BackgroundWorker
{
    /// <summary>As the product runs them.</summary>
    public const string Ours = "ours";

    /// <summary>Hangfire with its defaults, in a schema of its own.</summary>
    public const string Plain = "plain";

    /// <summary>The product's engine in a host.</summary>
    public static IHost Host(string url, bool worker, int workers)
    {
        var connection = DatabaseUrl.Parse(url).ConnectionString!;
        var builder =
            Microsoft.Extensions.Hosting.Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.AddSimpleConsole().SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddSingleton(TimeProvider.System).AddMetrics();
        builder.Services.AddSingleton(new Postgres(connection, connection, Postgres.NewProcessName()));
        var module = new BackgroundModule();
        module.AddServices(builder.Services, Variables.Of(new Dictionary<string, string?>
        {
            ["BACKGROUND_WORKERS_DEFAULT"] = $"{workers}",
            ["BACKGROUND_WORKERS_TRAINING"] = "0",
            ["BACKGROUND_WORKERS_UPKEEP"] = "0",
        }));
        if (worker) module.AddWorkers(builder.Services);
        builder.Services.AddBackgroundJob<NoopBackgroundJob>();
        return builder.Build();
    }

    /// <summary>Hangfire's storage as it comes.</summary>
    public static PostgreSqlStorage PlainStorage(string url)
    {
        var options = new PostgreSqlStorageOptions { SchemaName = "plain" };
        return new(new NpgsqlConnectionFactory(DatabaseUrl.Parse(url).ConnectionString!, options), options);
    }

    /// <summary>The worker: begins at a line of input, ends at the next.</summary>
    public static async Task RunAsync(string kind, string url, int workers)
    {
        await Console.In.ReadLineAsync();
        if (kind == Plain)
        {
            GlobalConfiguration.Configuration.SetDataCompatibilityLevel(CompatibilityLevel.Version_180)
                .UseSimpleAssemblyNameTypeSerializer().UseRecommendedSerializerSettings();
            using var server = new BackgroundJobServer(new BackgroundJobServerOptions { WorkerCount = workers }, PlainStorage(url));
            await Console.In.ReadLineAsync();
            return;
        }
        using var host = Host(url, worker: true, workers);
        await host.StartAsync();
        await Console.In.ReadLineAsync();
        await host.StopAsync();
    }
}
