using App.Platform.Serving;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace App.Tests.Platform.Serving;

/// <summary>What drains does so together: what one takes of the time is not lacking to the next.</summary>
public sealed class DrainingTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Ends when the other was told to stop as well.</summary>
    private sealed class Heedful(TaskCompletionSource mine, Task others) : DrainingService
    {
        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
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
            .AddSingleton<IHostedService>(_ => new Heedful(first, second.Task)).AddSingleton<IHostedService>(_ => new Heedful(second, first.Task))
            .AddHostedService<Draining>().BuildServiceProvider();
        foreach (var service in services.GetServices<IHostedService>()) await service.StartAsync(default);
        await services.GetServices<IHostedService>().OfType<Draining>().Single().StoppingAsync(default).WaitAsync(Patience);
        Assert.All(services.GetServices<IHostedService>().OfType<DrainingService>(), service => Assert.True(service.ExecuteTask!.IsCompletedSuccessfully));
    }

    [Fact]
    public async Task The_time_that_the_host_gives_is_that_of_all()
    {
        var never = new TaskCompletionSource();
        await using var services = new ServiceCollection()
            .AddSingleton<IHostedService>(_ => new Heedful(new(), never.Task)).AddSingleton<IHostedService>(_ => new Heedful(new(), never.Task))
            .AddHostedService<Draining>().BuildServiceProvider();
        foreach (var service in services.GetServices<IHostedService>()) await service.StartAsync(default);
        using var over = new CancellationTokenSource();
        var draining = services.GetServices<IHostedService>().OfType<Draining>().Single().StoppingAsync(over.Token);
        Assert.False(draining.IsCompleted);
        await over.CancelAsync();
        await draining.WaitAsync(Patience);
        never.SetResult();
    }
}
