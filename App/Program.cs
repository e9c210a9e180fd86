using System.CommandLine;
using App.Development;
using App.Platform;
using App.Platform.Commands;
using App.Platform.Configuration;
using App.Platform.Observability;
using App.Platform.Serving;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Serilog;

namespace App;

/// <summary>The composition root: which command runs, and what a server is made of.</summary>
internal static class Program
{
    /// <summary>No words: serve. Otherwise the command that the words name.</summary>
    public static async Task<int> Main(string[] args)
    {
        var variables = Variables.OfProcess();
        return await CommandHost.RunProcessAsync(args, ct => PlatformCommands.ServeAsync(ComposeAsync, variables, ct),
            () => Commands(variables));
    }

    /// <summary>Every command of the image.</summary>
    internal static RootCommand Commands(Variables variables)
    {
        var root = PlatformCommands.Root(variables, ComposeAsync, EmbeddedPostgres.StartAsync);
        foreach (var module in Modules.All) module.AddCommands(root, variables);
        return root;
    }

    /// <summary>A server of one process: the web role always, the worker role where it is switched on.</summary>
    internal static async Task<WebApplication> ComposeAsync(Variables variables, CancellationToken ct)
    {
        var options = PlatformOptions.Read(variables);
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddInMemoryCollection(options.Telemetry.Settings);
        foreach (var module in Modules.All) module.AddServices(builder.Services, variables);
        foreach (var module in Modules.All) module.CheckServices(builder.Services, variables);
        if (options.Worker)
            foreach (var module in Modules.All) module.AddWorkers(builder.Services);
        variables.ThrowIfInvalid();

        var logger = Logging.Create(options, variables);
        builder.Logging.ClearProviders().AddSerilog(logger, dispose: true);
        RequestLog.Add(builder.Services, logger);
        builder.WebHost.ConfigureKestrel(kestrel => Listening.Configure(kestrel, options));
        builder.Services.Configure<SocketTransportOptions>(Listening.ConfigureSockets);
        builder.Services.AddPlatform(options, await DatabaseServer.PrepareAsync(options, EmbeddedPostgres.StartAsync, ct));

        var app = builder.Build();
        app.UsePlatform();
        foreach (var module in Modules.All) module.MapEndpoints(app);
        return app;
    }
}
