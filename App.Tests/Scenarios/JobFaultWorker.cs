using System.Diagnostics;
using App.Engines.Jobs;
using App.Platform.Configuration;
using App.Platform.Database;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace App.Tests.Scenarios;

/// <summary>A process of its own that runs the jobs of <see cref="JobFaultKinds"/> and nothing else.</summary>
internal sealed class JobFaultWorker : ChildProcess
{
    /// <summary>First argument of its Main.</summary>
    public const string Role = "jobs";

    private JobFaultWorker(ProcessStartInfo start) : base(start)
    {
    }

    /// <summary>Starts one; it runs jobs within a second.</summary>
    /// <param name="pooled">Where it works; may go through a pooler.</param>
    /// <param name="unpooled">Null: the same.</param>
    /// <param name="heartbeatMs">A third of its lease.</param>
    public static JobFaultWorker Start(string pooled, string? unpooled = null, int heartbeatMs = 5000) =>
        new(new ProcessStartInfo("dotnet", [typeof(JobFaultWorker).Assembly.Location, Role, pooled, unpooled ?? pooled, $"{heartbeatMs}"]));

    /// <summary>What the process does.</summary>
    public static async Task MainAsync(string pooled, string unpooled, string heartbeatMs)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Information);
        builder.Services.AddSingleton(new Postgres(pooled, unpooled, Postgres.NewProcessName())).AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<Notifications>().AddHostedService(provider => provider.GetRequiredService<Notifications>());
        var module = new JobsModule();
        module.AddServices(builder.Services, Variables.Of(new Dictionary<string, string?> { ["HEARTBEAT_INTERVAL_MS"] = heartbeatMs }));
        module.AddWorkers(builder.Services);
        JobFaultKinds.Add(builder.Services);
        await builder.Build().RunAsync();
    }
}
