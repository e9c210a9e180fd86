using System.IO.Pipelines;
using System.Net.WebSockets;
using App.Signs.Fingerspelling.Live;
using App.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace App.Tests.Signs.Fingerspelling.Live;

/// <summary>Connections that are looked after, on a clock that stands still until it is moved.</summary>
public sealed class LiveWatchTests(LiveHost host) : IClassFixture<LiveHost>, IDisposable
{
    private const int WireBytes = 4096;
    private readonly ManualTime time = new();
    private readonly LiveOptions options = new()
    {
        MostConnections = 10,
        Idle = TimeSpan.FromMinutes(5),
        Window = 5,
        Origins = new HashSet<string>()
    };
    private readonly Pipe up = new();
    private readonly Pipe down = new(new PipeOptions(pauseWriterThreshold: WireBytes, resumeWriterThreshold: WireBytes / 2));

    [Fact]
    public async Task A_reader_that_does_not_read_is_dropped_after_its_patience_and_holds_little_meanwhile()
    {
        var (connections, watch) = Watch();
        var (connection, running, client) = Open(connections);
        var sending = Task.Run(async () =>
        {
            for (uint seq = 0; !running.IsCompleted; seq++)
                await client.SendAsync(LiveClient.Binary(seq, LetterByPosition.Hand(1)), WebSocketMessageType.Binary, true, default);
        });
        await Poll.UntilAsync("an answer waits for its reader", () =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return Task.FromResult(connection.Blocked > TimeSpan.FromSeconds(1));
        });
        Assert.InRange(down.Reader.TryRead(out var held) ? held.Buffer.Length : 0, WireBytes, 4 * WireBytes);
        down.Reader.AdvanceTo(held.Buffer.Start);

        time.Advance(LiveOptions.ReaderPatience);
        await watch.TickAsync(default);
        Assert.Equal(LiveEnd.SlowReader, await running);
        await up.Reader.CompleteAsync();
        await Record.ExceptionAsync(() => sending);
    }

    [Fact]
    public async Task A_connection_that_sends_nothing_is_closed_and_one_that_does_is_not()
    {
        var (connections, watch) = Watch();
        var (connection, running, client) = Open(connections);
        time.Advance(options.Idle - TimeSpan.FromSeconds(1));
        await watch.TickAsync(default);
        await client.SendAsync(LiveClient.Binary(1, LetterByPosition.Hand(1)), WebSocketMessageType.Binary, true, default);
        var buffer = new byte[1024];
        Assert.Equal(WebSocketMessageType.Text, (await client.ReceiveAsync(buffer, default)).MessageType);
        time.Advance(TimeSpan.FromSeconds(2));
        await watch.TickAsync(default);
        // Counted behind the answer, which may be here before.
        await Poll.UntilAsync("it is counted", () => Task.FromResult(connection.Answered == 1));
        Assert.False(running.IsCompleted);

        time.Advance(options.Idle);
        await watch.TickAsync(default);
        Assert.Equal(WebSocketMessageType.Close, (await client.ReceiveAsync(buffer, default)).MessageType);
        Assert.Equal(WebSocketCloseStatus.NormalClosure, client.CloseStatus);
        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, null, default);
        Assert.Equal(LiveEnd.Idle, await running);
    }

    [Fact]
    public void What_is_draining_or_full_takes_no_more()
    {
        var connections = new LiveConnections(options with { MostConnections = 1 });
        Assert.True(connections.TryEnter());
        Assert.False(connections.TryEnter());
        connections.Leave(null);
        Assert.True(connections.TryEnter());
        connections.Leave(null);
        connections.Drain();
        Assert.False(connections.TryEnter());
    }

    public void Dispose()
    {
        up.Writer.Complete();
        down.Writer.Complete();
    }

    private (LiveConnections, LiveWatch) Watch()
    {
        var connections = new LiveConnections(options);
        return (connections,
            new LiveWatch(connections, host.App.Services.GetRequiredService<ClassifierPool>(), options, time,
                NullLogger<LiveWatch>.Instance));
    }

    private (LiveConnection, Task<string>, WebSocket) Open(LiveConnections connections)
    {
        var wire = new CoalescingStream(new PipePair(up.Reader, down.Writer));
        var socket = WebSocket.CreateFromStream(wire, new WebSocketCreationOptions { IsServer = true });
        var connection = new LiveConnection(socket, wire, host.App.Services.GetRequiredService<ClassifierPool>(), options,
            host.App.Services.GetRequiredService<LiveMetrics>(), null, time);
        Assert.True(connections.TryEnter());
        connections.Opened(connection);
        var client = WebSocket.CreateFromStream(new PipePair(down.Reader, up.Writer), new WebSocketCreationOptions { IsServer = false });
        return (connection, connection.RunAsync(), client);
    }
}
