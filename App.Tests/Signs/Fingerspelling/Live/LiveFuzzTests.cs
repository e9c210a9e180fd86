using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using App.Signs.Fingerspelling.Live;
using App.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace App.Tests.Signs.Fingerspelling.Live;

/// <summary>
/// Frames that were damaged on purpose, beside connections that send good ones. Beside no other test: it measures memory.
/// </summary>
[Collection(Alone.Name)]
public sealed class LiveFuzzTests(LiveHost host) : IClassFixture<LiveHost>
{
    private const int Mutations = 10_000;
    private const int Senders = 8;

    [Fact]
    public async Task Ten_thousand_mutated_frames_harm_nobody()
    {
        await SendAsync(seed: 0, Mutations / 10);
        var before = Memory();
        using var ended = new CancellationTokenSource();
        var neighbours = Enumerable.Range(0, 4).Select(letter => Task.Run(async () =>
        {
            using var client = await host.ConnectAsync();
            for (var seq = (uint)(letter * 1_000_000); !ended.IsCancellationRequested; seq++)
            {
                var answer = await client.AskAsync(seq, letter);
                Assert.Equal(seq, answer.GetProperty("seq").GetUInt32());
                Assert.Equal(((char)('A' + letter)).ToString(), answer.GetProperty("letter").GetString());
            }
        })).ToList();
        await Task.WhenAll(Enumerable.Range(1, Senders).Select(seed => Task.Run(() => SendAsync(seed, Mutations / Senders))));
        await ended.CancelAsync();
        await Task.WhenAll(neighbours);

        await Fixtures.Poll.UntilAsync("all places are free",
            () => Task.FromResult(host.App.Services.GetRequiredService<LiveConnections>().Places == 0));
        Assert.InRange(Memory() - before, long.MinValue, 16L << 20);
    }

    // Every frame is answered, with its letter or an error of its own; what closes a connection is what may.
    private async Task SendAsync(int seed, int frames)
    {
        var random = new Random(seed);
        LiveClient? client = null;
        for (var i = 0; i < frames; i++)
        {
            client ??= await host.ConnectAsync("?spell=true");
            var binary = random.Next(2) == 0;
            var hand = LetterByPosition.Hand(random.Next(26));
            var frame = Mutate(binary ? LiveClient.Binary((uint)i, hand) : Encoding.UTF8.GetBytes(LiveClient.Json(i, hand)), random);
            await client.SendAsync(frame, binary ? WebSocketMessageType.Binary : WebSocketMessageType.Text);
            var answer = await AnswerAsync(client, mayBreak: !binary && !Utf8.IsValid(frame));
            if (answer.ValueKind == JsonValueKind.Undefined)
            {
                // 1007: no UTF-8.
                if (client.Socket.CloseStatus is { } status) Assert.Contains((int)status, new[] { 1007, 1008, 1009 });
                client.Dispose();
                client = null;
                continue;
            }
            Assert.True(
                answer.TryGetProperty("letter", out _) || answer.TryGetProperty("error", out _) || answer.TryGetProperty("spelled", out _),
                answer.ToString());
            if (answer.TryGetProperty("letter", out _) && binary) Assert.Equal(BinaryFrame.Bytes, frame.Length);
        }
        client?.Dispose();
    }

    // A text that is no text may end the connection before its close has been read.
    private static async Task<JsonElement> AnswerAsync(LiveClient client, bool mayBreak)
    {
        try
        {
            return await client.ReceiveAsync();
        }
        catch (WebSocketException) when (mayBreak)
        {
            return default;
        }
    }

    private static byte[] Mutate(byte[] frame, Random random)
    {
        var bytes = frame.ToList();
        for (var times = random.Next(1, 6); times > 0 && bytes.Count > 0; times--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(6))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = (byte)"{}[],:\"-+.eE019truenulNaI \\"[random.Next(27)]; break;
                case 2: bytes.RemoveRange(at, random.Next(1, bytes.Count - at + 1)); break;
                case 3: bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 64), bytes.Count - at))); break;
                case 4: bytes.InsertRange(at, Enumerable.Repeat((byte)'[', random.Next(1, 200))); break;
                default: bytes.Insert(at, (byte)random.Next(256)); break;
            }
        }
        return [.. bytes];
    }

    private static long Memory()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
