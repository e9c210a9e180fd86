using System.Net.WebSockets;
using App.Platform.Serving;

namespace App.Signs.Fingerspelling.Live;

/// <summary>
/// Looks after live connections: drops readers that do not read, ends those that send nothing, and tells all when this
/// process drains, so that clients come back to another one.
/// </summary>
internal sealed class LiveWatch(LiveConnections connections, ClassifierPool classifiers, LiveOptions options, TimeProvider time) : DrainingService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(20);

    /// <summary>One look at all of them.</summary>
    public async Task RunOnceAsync()
    {
        classifiers.Trim();
        foreach (var connection in connections.Open())
        {
            if (connection.Blocked >= LiveOptions.ReaderPatience) connection.Abort(LiveEnd.SlowReader);
            else if (connection.Idle >= options.Idle)
                await connection.CloseAsync(WebSocketCloseStatus.NormalClosure, $"No frame for {options.Idle.TotalSeconds} s.", LiveEnd.Idle);
        }
    }

    /// <summary>Closes all; those that do not answer are cut off.</summary>
    public async Task DrainAsync()
    {
        connections.Drain();
        await Task.WhenAll(connections.Open().Select(connection => connection.CloseAsync(WebSocketCloseStatus.EndpointUnavailable, "This server is being replaced: connect again.", LiveEnd.Draining)));
        var began = time.GetTimestamp();
        while (connections.Places > 0 && time.GetElapsedTime(began) < LiveOptions.ClosePatience) await Task.Delay(LookAgain, time);
        foreach (var connection in connections.Open()) connection.Abort(LiveEnd.Draining);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken)) await RunOnceAsync();
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await DrainAsync();
        }
    }
}
