using App.Platform.Serving;
using App.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace App.Tests.Platform.Serving;

/// <summary>What drains does so together: what one takes of the time is not lacking to the next.</summary>
public sealed class DrainingTests
{
    /// <summary>Ends when the other was told to stop as well.</summary>
    private sealed class Heedful(TaskCompletionSource mine, Task others) : DrainingService
    {
        private readonly TaskCompletionSource begun = new();

        public Task Begun => begun.Task;

        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            begun.SetResult();
            await using var stop = stoppingToken.Register(mine.SetResult);
            await mine.Task;
            await others;
        }
    }

    [Fact]
    public async Task All_are_told_to_stop_before_any_is_waited_for()
    {
        var (first, second) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var services = new ServiceCollection()
            .AddSingleton<IHostedService>(_ => new Heedful(first, second.Task))
            .AddSingleton<IHostedService>(_ => new Heedful(second, first.Task))
            .AddHostedService<Draining>().BuildServiceProvider();
        var draining = await StartAsync(services);
        await draining.StoppingAsync(default).WaitAsync(Poll.Patience);
        Assert.All(services.GetServices<IHostedService>().OfType<DrainingService>(),
            service => Assert.True(service.ExecuteTask!.IsCompletedSuccessfully));
    }

    [Fact]
    public async Task The_time_that_the_host_gives_is_that_of_all()
    {
        var never = new TaskCompletionSource();
        await using var services = new ServiceCollection()
            .AddSingleton<IHostedService>(_ => new Heedful(new(), never.Task))
            .AddSingleton<IHostedService>(_ => new Heedful(new(), never.Task))
            .AddHostedService<Draining>().BuildServiceProvider();
        using var over = new CancellationTokenSource();
        var draining = (await StartAsync(services)).StoppingAsync(over.Token);
        Assert.False(draining.IsCompleted);
        await over.CancelAsync();
        await draining.WaitAsync(Poll.Patience);
        never.SetResult();
    }

    // As the host does.
    private static async Task<Draining> StartAsync(ServiceProvider services)
    {
        var hosted = services.GetServices<IHostedService>().ToList();
        foreach (var service in hosted.OfType<IHostedLifecycleService>()) await service.StartingAsync(default);
        foreach (var service in hosted) await service.StartAsync(default);
        foreach (var service in hosted.OfType<Heedful>()) await service.Begun.WaitAsync(Poll.Patience);
        return hosted.OfType<Draining>().Single();
    }
}
