using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Bench;

/// <summary>What a load has seen.</summary>
internal sealed record LiveResult(long Frames, double Seconds, double[] LatencyMs, long Errors)
{
    public double PerSecond => Frames / Seconds;

    public double At(double quantile) =>
        LatencyMs.Length == 0 ? double.NaN : LatencyMs[Math.Min(LatencyMs.Length - 1, (int)Math.Ceiling(quantile * LatencyMs.Length) - 1)];
}

/// <summary>
/// Binary frames over raw sockets: no library between, so that the client is not what is measured. Closed: so many frames
/// in flight on each connection. Paced: each connection sends at a fixed rate, and latency counts from the due time.
/// </summary>
internal sealed class LiveLoad(Uri address, string path, string? key, bool withSeq)
{
    private const int FloatBytes = 63 * sizeof(float);
    private int PayloadBytes => withSeq ? FloatBytes + sizeof(uint) : FloatBytes;

    /// <summary>As many frames as the far side answers.</summary>
    public async Task<LiveResult> ClosedAsync(int connections, int depth, double seconds, CancellationToken ct)
    {
        var all = await OpenAsync(connections, ct);
        var end = Stopwatch.GetTimestamp() + (long)(seconds * Stopwatch.Frequency);
        var began = Stopwatch.GetTimestamp();
        await Task.WhenAll(all.Select(one => Task.Run(async () =>
        {
            await one.SendAsync(depth, ct);
            while (true)
            {
                var answers = await one.ReceiveAsync(ct);
                if (Stopwatch.GetTimestamp() < end) await one.SendAsync(answers, ct);
                else if (one.InFlight == 0) return;
            }
        }, ct)));
        return Sum(all, began);
    }

    /// <summary>A fixed rate on each connection.</summary>
    public async Task<LiveResult> PacedAsync(int connections, double fps, double seconds, CancellationToken ct)
    {
        var all = await OpenAsync(connections, ct);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var readers = all.Select(one => Task.Run(async () =>
        {
            // Ends by being cancelled, or with the connection.
            while (!ended.IsCancellationRequested) await one.ReceiveAsync(ended.Token);
        }, ct)).ToList();
        var began = Stopwatch.GetTimestamp();
        var period = Stopwatch.Frequency / fps;
        var frames = (int)(seconds * fps);
        for (var frame = 0; frame < frames; frame++)
            for (var i = 0; i < all.Count; i++)
            {
                var due = began + (long)((frame + ((double)i / all.Count)) * period);
                for (var left = due - Stopwatch.GetTimestamp(); left > 0; left = due - Stopwatch.GetTimestamp())
                    if (left > Stopwatch.Frequency / 500) await Task.Delay(1, ct);
                    else Thread.Yield();
                all[i].SendNow(due);
            }
        for (var patience = 0; patience < 200 && all.Any(one => one.InFlight > 0); patience++) await Task.Delay(10, ct);
        var result = Sum(all, began);
        await ended.CancelAsync();
        await Task.WhenAll(readers.Select(reader => reader.ContinueWith(_ => { }, TaskScheduler.Default)));
        return result;
    }

    private async Task<List<Connection>> OpenAsync(int connections, CancellationToken ct)
    {
        var all = new List<Connection>();
        for (var i = 0; i < connections; i++) all.Add(await Connection.OpenAsync(address, path, key, PayloadBytes, withSeq, ct));
        return all;
    }

    private static LiveResult Sum(List<Connection> all, long began)
    {
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        foreach (var one in all) one.Dispose();
        return new LiveResult(all.Sum(one => one.Answers), seconds, [.. all.SelectMany(one => one.Latencies).Order()],
            all.Sum(one => one.InFlight + one.Errors));
    }

    private sealed class Connection : IDisposable
    {
        private const int MostInFlight = 1024;
        private readonly Socket socket;
        private readonly byte[] frames;
        private readonly byte[] received = new byte[64 * 1024];
        private readonly long[] sentAt = new long[MostInFlight];
        private readonly int frameBytes;
        private readonly bool withSeq;
        private int filled;
        private uint sent;
        private uint answered;

        private Connection(Socket socket, int payloadBytes, bool withSeq)
        {
            (this.socket, this.withSeq) = (socket, withSeq);
            // A mask of zeros is a mask, and costs nothing.
            frameBytes = 8 + payloadBytes;
            frames = new byte[frameBytes * MostInFlight];
            for (var i = 0; i < MostInFlight; i++)
            {
                var frame = frames.AsSpan(i * frameBytes, frameBytes);
                frame[0] = 0x82;
                frame[1] = 0x80 | 126;
                BinaryPrimitives.WriteUInt16BigEndian(frame[2..], (ushort)payloadBytes);
                for (var at = frameBytes - FloatBytes; at < frameBytes; at += sizeof(float))
                    BinaryPrimitives.WriteSingleLittleEndian(frame[at..], Random.Shared.NextSingle());
            }
        }

        public List<double> Latencies { get; } = [];

        public long Answers => answered;

        public int InFlight => (int)(sent - answered);

        public int Errors { get; private set; }

        public static async Task<Connection> OpenAsync(Uri address, string path, string? key, int payloadBytes, bool withSeq,
            CancellationToken ct)
        {
            var opened = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await opened.ConnectAsync(IPAddress.Loopback, address.Port, ct);
            var authorization = key is null ? "" : $"Authorization: Bearer {key}\r\n";
            await opened.SendAsync(
                Encoding.ASCII.GetBytes(
                    $"GET {path} HTTP/1.1\r\nHost: localhost:{address.Port}\r\n{authorization}Connection: Upgrade\r\nUpgrade: "
                    + "websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"), ct);
            var connection = new Connection(opened, payloadBytes, withSeq);
            var head = await opened.ReceiveAsync(connection.received, ct);
            var answer = Encoding.ASCII.GetString(connection.received, 0, head);
            if (!answer.StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal) || !answer.EndsWith("\r\n\r\n", StringComparison.Ordinal))
                throw new InvalidOperationException($"No upgrade: {answer}");
            return connection;
        }

        public async ValueTask SendAsync(int count, CancellationToken ct)
        {
            while (count > 0)
            {
                // To the end of the ring at most: what is sent at once lies in one piece.
                var first = (int)(sent % MostInFlight);
                var now = Math.Min(count, MostInFlight - first);
                for (var i = 0; i < now; i++) Stamp(first + i, Stopwatch.GetTimestamp());
                await socket.SendAsync(frames.AsMemory(first * frameBytes, now * frameBytes), ct);
                count -= now;
            }
        }

        public void SendNow(long due)
        {
            if (InFlight >= MostInFlight)
            {
                Errors++;
                return;
            }
            var slot = (int)(sent % MostInFlight);
            Stamp(slot, due);
            socket.Send(frames.AsSpan(slot * frameBytes, frameBytes));
        }

        public async ValueTask<int> ReceiveAsync(CancellationToken ct)
        {
            var count = await socket.ReceiveAsync(received.AsMemory(filled), ct);
            if (count == 0) throw new IOException("The far side has closed.");
            filled += count;
            var now = Stopwatch.GetTimestamp();
            var (at, answers) = (0, 0);
            while (Next(at) is > 0 and var length)
            {
                if ((received[at] & 0x0f) is 1 or 2)
                {
                    answers++;
                    if (withSeq && received.AsSpan(at, length).IndexOf("\"error\""u8) >= 0) Errors++;
                    Latencies.Add((now - sentAt[answered++ % MostInFlight]) * 1000.0 / Stopwatch.Frequency);
                }
                else if ((received[at] & 0x0f) == 8) throw new IOException("The far side closes.");
                at += length;
            }
            received.AsSpan(at, filled - at).CopyTo(received);
            filled -= at;
            return answers;
        }

        public void Dispose() => socket.Dispose();

        // Length of the frame that begins there, or 0 where it has not arrived whole.
        private int Next(int at)
        {
            var left = filled - at;
            if (left < 2) return 0;
            int length = received[at + 1];
            if (length < 126) length += 2;
            else length = left < 4 ? int.MaxValue : 4 + BinaryPrimitives.ReadUInt16BigEndian(received.AsSpan(at + 2));
            return length <= left ? length : 0;
        }

        private void Stamp(int slot, long at)
        {
            sentAt[slot] = at;
            if (withSeq) BinaryPrimitives.WriteUInt32LittleEndian(frames.AsSpan((slot * frameBytes) + 8), sent);
            sent++;
        }
    }
}
