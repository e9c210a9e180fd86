using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Bench;

/// <summary>What a load has done.</summary>
internal sealed record LoadResult(double Seconds, long Accepted, long Refused, double[] HttpMs);

/// <summary>
/// Posts readings over plain sockets: a client that is not the limit. Closed loop over a number of connections, or open
/// loop at a rate. Times are the moment of sending, so that the database can tell how long a reading took.
/// </summary>
internal sealed record ReadingsLoad(Uri Address, int Connections, int Batch, double Seconds, int Rate, int Buildings,
    string Meter = "mains")
{
    private static readonly Stopwatch Clock = Stopwatch.StartNew();
    private static readonly DateTime Epoch = DateTime.UtcNow - Clock.Elapsed;

    /// <summary>Unix milliseconds with fractions, monotonic within the process.</summary>
    public static double Now => (Epoch + Clock.Elapsed - DateTime.UnixEpoch).TotalMilliseconds;

    public async Task<LoadResult> RunAsync(CancellationToken ct)
    {
        var latencies = new ConcurrentBag<List<double>>();
        long accepted = 0, refused = 0;
        var slot = 0;
        var next = 0;
        var started = Clock.Elapsed.TotalSeconds;
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => Task.Run(async () =>
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(Address.Host, Address.Port, ct);
            var answer = new byte[4096];
            var mine = new List<double>();
            while (!ct.IsCancellationRequested)
            {
                if (Rate > 0)
                {
                    var due = started + ((double)(Interlocked.Increment(ref slot) - 1) * Batch / Rate);
                    if (due >= started + Seconds) break;
                    var wait = due - Clock.Elapsed.TotalSeconds;
                    if (wait > 0.0005) await Task.Delay(TimeSpan.FromSeconds(wait), ct);
                }
                if (Clock.Elapsed.TotalSeconds >= started + Seconds) break;
                var request = Request(Interlocked.Add(ref next, Batch) - Batch);
                var at = Clock.Elapsed;
                var status = await PostAsync(socket, request, answer, ct);
                mine.Add((Clock.Elapsed - at).TotalMilliseconds);
                if (status == 202) Interlocked.Add(ref accepted, Batch);
                else Interlocked.Increment(ref refused);
            }
            latencies.Add(mine);
        }, ct)));
        var took = Clock.Elapsed.TotalSeconds - started;
        var all = latencies.SelectMany(list => list).ToArray();
        Array.Sort(all);
        return new LoadResult(took, accepted, refused, all);
    }

    /// <summary>The value at a share of a sorted list.</summary>
    public static double At(double[] sorted, double share) =>
        sorted.Length == 0 ? double.NaN : sorted[(int)Math.Min(sorted.Length - 1, Math.Ceiling(share * sorted.Length) - 1)];

    private ReadOnlyMemory<byte> Request(int from)
    {
        var body = new StringBuilder(Batch * 80);
        body.Append("{\"readings\":[");
        var ts = ((long)Now).ToString(CultureInfo.InvariantCulture);
        for (var i = 0; i < Batch; i++)
        {
            var k = from + i;
            if (i > 0) body.Append(',');
            body.Append("{\"buildingId\":\"b").Append(k % Buildings).Append("\",\"meter\":\"").Append(Meter).Append("\",\"ts\":").Append(ts)
                .Append(",\"watts\":").Append((k * 7919L % 10000 / 10.0).ToString(CultureInfo.InvariantCulture)).Append('}');
        }
        body.Append("]}");
        return Request(body);
    }

    /// <summary>A whole request with a body.</summary>
    public static ReadOnlyMemory<byte> Request(StringBuilder body) => Encoding.ASCII.GetBytes(
        $"POST /ingest/readings HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {AppProcess.Key}\r\nContent-Type: "
        + $"application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}");

    /// <summary>Sends one request and answers its status.</summary>
    public static async Task<int> PostAsync(Socket socket, ReadOnlyMemory<byte> request, byte[] answer, CancellationToken ct)
    {
        await socket.SendAsync(request, ct);
        return await ReadAnswerAsync(socket, answer, ct);
    }

    private static async Task<int> ReadAnswerAsync(Socket socket, byte[] buffer, CancellationToken ct)
    {
        var length = 0;
        while (true)
        {
            var read = await socket.ReceiveAsync(buffer.AsMemory(length), ct);
            if (read == 0) throw new IOException("The server has closed the connection.");
            length += read;
            var text = Encoding.ASCII.GetString(buffer, 0, length);
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end < 0) continue;
            // Small answers come with a length, or as one chunk and its end.
            var head = text[..end];
            var lengthAt = head.IndexOf("Content-Length: ", StringComparison.OrdinalIgnoreCase);
            var complete = lengthAt >= 0
                ? length >= end + 4 + int.Parse(head[(lengthAt + 16)..].Split('\r')[0], CultureInfo.InvariantCulture)
                : text.EndsWith("0\r\n\r\n", StringComparison.Ordinal);
            if (complete) return int.Parse(text.AsSpan(9, 3), CultureInfo.InvariantCulture);
        }
    }
}
