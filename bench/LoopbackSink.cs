using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Bench;

/// <summary>
/// Takes webhooks in this process, and notes when each came first. A path that ends in <c>/hang</c> is answered after 30 s, one that ends
/// in <c>/slow</c> after 100 ms.
/// </summary>
internal sealed class LoopbackSink : IAsyncDisposable
{
    private static readonly byte[] Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"u8.ToArray();
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private int count;
    private int twice;

    public LoopbackSink()
    {
        listener.Start(4096);
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public int Count => Volatile.Read(ref count);

    /// <summary>Webhooks that came again.</summary>
    public int Twice => Volatile.Read(ref twice);

    /// <summary>When each came first.</summary>
    public ConcurrentDictionary<Guid, long> Arrived { get; } = [];

    public ValueTask DisposeAsync()
    {
        stop.Cancel();
        listener.Stop();
        stop.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = ServeAsync(await listener.AcceptSocketAsync(stop.Token));
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using var _ = socket;
        socket.NoDelay = true;
        var buffer = new byte[65_536];
        var held = 0;
        try
        {
            while (true)
            {
                var head = buffer.AsSpan(0, held).IndexOf("\r\n\r\n"u8);
                if (head >= 0 && held >= head + 4 + LengthOf(buffer.AsSpan(0, head)))
                {
                    var whole = head + 4 + LengthOf(buffer.AsSpan(0, head));
                    var pause = Take(buffer.AsSpan(0, head));
                    buffer.AsSpan(whole, held - whole).CopyTo(buffer);
                    held -= whole;
                    if (pause > TimeSpan.Zero) await Task.Delay(pause, stop.Token);
                    await socket.SendAsync(Ok, stop.Token);
                    continue;
                }
                var read = await socket.ReceiveAsync(buffer.AsMemory(held), stop.Token);
                if (read == 0) return;
                held += read;
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The other side is gone, or this one.
        }
    }

    // How long its answer takes.
    private TimeSpan Take(ReadOnlySpan<byte> head)
    {
        var at = head.IndexOf("webhook-id: "u8) + "webhook-id: ".Length;
        var id = Guid.Parse(Encoding.ASCII.GetString(head.Slice(at, 36)));
        if (Arrived.TryAdd(id, Stopwatch.GetTimestamp())) Interlocked.Increment(ref count);
        else Interlocked.Increment(ref twice);
        var line = head[..head.IndexOf((byte)'\r')];
        return line.IndexOf("/hang "u8) >= 0
            ? TimeSpan.FromSeconds(30) : line.IndexOf("/slow "u8) >= 0 ? TimeSpan.FromMilliseconds(100) : TimeSpan.Zero;
    }

    private static int LengthOf(ReadOnlySpan<byte> head)
    {
        var at = head.IndexOf("Content-Length: "u8);
        return at >= 0 && Utf8Parser.TryParse(head[(at + 16)..], out int length, out _) ? length : 0;
    }
}
