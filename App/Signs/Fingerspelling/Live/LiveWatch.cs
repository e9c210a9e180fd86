using System.Net.WebSockets;
using App.Platform.Serving;

namespace App.Signs.Fingerspelling.Live;

/// <summary>
/// Looks after live connections: drops readers that do not read, ends those that send nothing, and tells all when this
/// process drains, so that clients come back to another one.
/// </summary>
internal sealed class LiveWatch(LiveConnections connections, ClassifierPool classifiers, LiveOptions options, TimeProvider time,
    ILogger<LiveWatch> log)
    : Loop("Watching live connections", time, log)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(20);

    /// <summary>One look at all of them.</summary>
    public override async Task<Pause> TickAsync(CancellationToken ct)
    {
        classifiers.Trim();
        foreach (var connection in connections.Open())
        {
            if (connection.Blocked >= LiveOptions.ReaderPatience) connection.Abort(LiveEnd.SlowReader);
            else if (connection.Idle >= options.Idle)
                await connection.CloseAsync(WebSocketCloseStatus.NormalClosure, $"No frame for {options.Idle.TotalSeconds} s.",
                    LiveEnd.Idle);
        }
        return Interval;
    }

    /// <summary>Closes all; those that do not answer are cut off.</summary>
    public async Task DrainAsync()
    {
        connections.Drain();
        await Task.WhenAll(
            connections.Open()
                .Select(connection =>
                    connection.CloseAsync(WebSocketCloseStatus.EndpointUnavailable, "This server is being replaced: connect again.",
                        LiveEnd.Draining)));
        var began = Time.GetTimestamp();
        while (connections.Places > 0 && Time.GetElapsedTime(began) < LiveOptions.ClosePatience) await Task.Delay(LookAgain, Time);
        foreach (var connection in connections.Open()) connection.Abort(LiveEnd.Draining);
    }

    /// <inheritdoc/>
    protected override Task EndAsync() => DrainAsync();
}
