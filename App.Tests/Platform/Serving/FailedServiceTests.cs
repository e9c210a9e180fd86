using App.Development;
using App.Platform;
using App.Platform.Commands;
using App.Platform.Configuration;
using App.Platform.Serving;
using App.Tests.Fixtures;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace App.Tests.Platform.Serving;

/// <summary>A background service that fails ends its process, whose exit code says so.</summary>
public sealed class FailedServiceTests
{
    private sealed class Failing(Task when) : BackgroundService
    {
        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            await when;
            throw new InvalidOperationException("It has failed for good.");
        }
    }

    private sealed class FailingToStop : BackgroundService
    {
        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            await Task.Delay(Timeout.Infinite, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw new InvalidOperationException("It has failed to stop.");
        }
    }

    [Fact]
    public async Task A_service_that_fails_while_serving_ends_the_process_with_70()
    {
        await using var database = await TestDatabase.CreateAsync();
        var fail = new TaskCompletionSource();
        Assert.Equal(70, await ServeAsync(database, services => services.AddHostedService(_ => new Failing(fail.Task)), fail.SetResult));
    }

    [Fact]
    public async Task A_service_that_fails_while_starting_ends_the_process_with_70()
    {
        await using var database = await TestDatabase.CreateAsync();
        Assert.Equal(70,
            await ServeAsync(database, services => services.AddHostedService(_ => new Failing(Task.CompletedTask)), () => { }));
    }

    [Fact]
    public async Task A_service_that_fails_while_draining_ends_the_process_with_70()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var stop = new CancellationTokenSource();
        Assert.Equal(70, await ServeAsync(database, services => services.AddHostedService<FailingToStop>(), stop.Cancel, stop.Token));
    }

    // The command that serves, as the command line runs it, with one more service.
    private static Task<int> ServeAsync(TestDatabase database, Action<IServiceCollection> add, Action started,
        CancellationToken stop = default)
    {
        var variables =
            Variables.Of(new Dictionary<string, string?>
            {
                ["DATABASE_URL"] = database.Url,
                ["PORT"] = "0",
                ["ADMIN_API_KEY"] = AppHost.AdminKey
            });
        var root = PlatformCommands.Root(variables, ComposeAsync, EmbeddedPostgres.StartAsync);
        return CommandHost.RunAsync(["web"], root, TextWriter.Null, TextWriter.Null, stop).WaitAsync(Poll.Patience);

        async Task<WebApplication> ComposeAsync(Variables given, CancellationToken ct)
        {
            var options = PlatformOptions.Read(given);
            var builder = WebApplication.CreateSlimBuilder();
            builder.WebHost.ConfigureKestrel(kestrel => Listening.Configure(kestrel, options));
            builder.Services.AddPlatform(options, await DatabaseServer.PrepareAsync(options, EmbeddedPostgres.StartAsync, ct));
            add(builder.Services);
            var app = builder.Build();
            app.Lifetime.ApplicationStarted.Register(started);
            return app;
        }
    }
}
