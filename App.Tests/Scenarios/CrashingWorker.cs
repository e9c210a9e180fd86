using App.Engines.Streams;
using App.Platform.Database;
using App.Tests.Engines.Streams;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace App.Tests.Scenarios;

/// <summary>
/// A process of its own that runs the engine as a worker does, with two groups of one stream: one whose handler overflows
/// its stack at an entry that says <c>poison</c>, and a bystander. Started through <see cref="ChildMain"/>.
/// </summary>
internal static class CrashingWorker
{
    public const string Poison = "poison";
    public const string Crashing = "crashing";
    public const string Bystander = "bystander";

    /// <summary>First argument of its Main.</summary>
    public const string Role = "stream";

    /// <summary>What the process does.</summary>
    public static async Task MainAsync(string connection, string stream)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services
            .AddSingleton(new Postgres(connection, connection, Postgres.NewProcessName()))
            .AddSingleton(
                StreamMember.Defaults with { LeaseDuration = TimeSpan.FromSeconds(1), LeaseTick = TimeSpan.FromMilliseconds(200) })
            .AddSingleton(TimeProvider.System)
            .AddSingleton<IStreamHandler>(new CountingHandler(stream, Crashing) { Before = text => _ = text == Poison ? Overflow(0) : 0 })
            .AddSingleton<IStreamHandler>(new CountingHandler(stream, Bystander))
            .AddSingleton<StreamMetrics>()
            .AddSingleton<Notifications>()
            .AddHostedService(provider => provider.GetRequiredService<Notifications>())
            .AddHostedService<StreamWorker>();
        await builder.Build().RunAsync();
    }

    private static int Overflow(int depth) => depth < 0 ? 0 : 1 + Overflow(depth + 1);
}
