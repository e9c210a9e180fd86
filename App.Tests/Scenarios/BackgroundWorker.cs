using System.Diagnostics;
using App.Tests.Engines.Background;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace App.Tests.Scenarios;

/// <summary>A process of its own that runs the jobs of <see cref="TestJobs"/> on Hangfire and nothing else.</summary>
internal sealed class BackgroundWorker : ChildProcess
{
    /// <summary>First argument of its Main.</summary>
    public const string Role = "background";

    private BackgroundWorker(ProcessStartInfo start) : base(start)
    {
    }

    /// <summary>Starts one; it runs jobs within a second or two.</summary>
    /// <param name="pooled">Where it works; may go through a pooler.</param>
    /// <param name="unpooled">The database itself, where that is a pooler.</param>
    /// <param name="workers">Of its queue "default".</param>
    /// <param name="drainSeconds">From SIGTERM to its end, at most.</param>
    public static BackgroundWorker Start(string pooled, string? unpooled = null, int workers = 8, int drainSeconds = 30)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(BackgroundWorker).Assembly.Location, Role, pooled, unpooled ?? pooled]);
        start.Environment["BACKGROUND_WORKERS_DEFAULT"] = $"{workers}";
        start.Environment["DRAIN_SECONDS"] = $"{drainSeconds}";
        return new(start);
    }

    /// <summary>Waits until it says that it runs jobs.</summary>
    public Task StartedAsync() => WroteAsync("Hangfire server started");

    /// <summary>What the process does.</summary>
    public static async Task MainAsync(string pooled, string unpooled)
    {
        string Given(string name) => Environment.GetEnvironmentVariable(name)!;
        var drain = Given("DRAIN_SECONDS");
        using var host = BackgroundMember.Compose(pooled, unpooled, worker: true, TestJobs.Add, LogLevel.Information,
            ("BACKGROUND_WORKERS_DEFAULT", Given("BACKGROUND_WORKERS_DEFAULT")), ("BACKGROUND_WORKERS_TRAINING", "0"),
            ("BACKGROUND_WORKERS_UPKEEP", "0"), ("DRAIN_SECONDS", drain));
        await host.RunAsync();
    }
}
