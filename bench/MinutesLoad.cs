using System.Net.Sockets;
using System.Text;

namespace Bench;

/// <summary>
/// Houses that each post one reading a minute, in order, in a time of their own that runs as fast as asked for. Each
/// connection has its share of the houses, so that no reading of a house overtakes another.
/// </summary>
internal sealed class MinutesLoad(Uri address, string prefix, int houses)
{
    private static readonly DateTimeOffset Begin = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private DateTimeOffset minute = Begin;

    /// <summary>Lets days pass without a reading: what is posted next begins a new segment.</summary>
    public void Jump() => minute += TimeSpan.FromDays(1);

    /// <summary>Posts so many minutes of every house.</summary>
    /// <param name="minutes">How many.</param>
    /// <param name="batch">Readings of a request, each of another house.</param>
    /// <param name="connections">A divisor of houses ÷ batch.</param>
    /// <param name="rate">Readings a second; 0: as fast as they are accepted.</param>
    /// <param name="ct">Stops.</param>
    /// <returns>Readings accepted.</returns>
    public async Task<long> PostAsync(int minutes, int batch, int connections, int rate, CancellationToken ct)
    {
        var (share, from) = (houses / connections, minute);
        await Task.WhenAll(Enumerable.Range(0, connections).Select(connection => Task.Run(async () =>
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(address.Host, address.Port, ct);
            var answer = new byte[4096];
            var (began, sent) = (ReadingsLoad.Now, 0L);
            for (var m = 0; m < minutes; m++)
                for (var house = connection * share; house < (connection + 1) * share; house += batch)
                {
                    var wait = rate == 0 ? 0 : began + (sent * 1000.0 * connections / rate) - ReadingsLoad.Now;
                    if (wait > 0.5) await Task.Delay(TimeSpan.FromMilliseconds(wait), ct);
                    var request = ReadingsLoad.Request(Body(house, batch, from.AddMinutes(m)));
                    while (await ReadingsLoad.PostAsync(socket, request, answer, ct) is var status and not 202)
                    {
                        if (status != 429) throw new InvalidOperationException($"The product answered {status}.");
                        await Task.Delay(100, ct);
                    }
                    sent += batch;
                }
        }, ct)));
        minute += TimeSpan.FromMinutes(minutes);
        return (long)minutes * houses;
    }

    private StringBuilder Body(int house, int batch, DateTimeOffset at)
    {
        var body = new StringBuilder("{\"readings\":[", batch * 80);
        var ts = at.ToUnixTimeMilliseconds();
        for (var i = house; i < house + batch; i++)
        {
            if (i > house) body.Append(',');
            body.Append("{\"buildingId\":\"").Append(prefix).Append(i).Append("\",\"ts\":").Append(ts)
                .Append(",\"watts\":").Append(((i * 7919L) + (ts / 60_000 * 104_729L)) % 10000 / 10.0).Append('}');
        }
        return body.Append("]}");
    }
}
