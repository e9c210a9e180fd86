using System.Buffers.Binary;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using App.Tests.Fixtures;

namespace App.Tests.Signs.Fingerspelling.Live;

/// <summary>A client of the live endpoint.</summary>
internal sealed class LiveClient : IDisposable
{
    private readonly byte[] buffer = new byte[8192];

    public ClientWebSocket Socket { get; } = new();

    /// <summary>Opens one; the exception of a refusal has its status in <see cref="ClientWebSocket.HttpStatusCode"/>.</summary>
    public static async Task<LiveClient> ConnectAsync(Uri address, string query = "", string? key = null,
        params (string Name, string Value)[] headers)
    {
        var client = new LiveClient();
        client.Socket.Options.CollectHttpResponseDetails = true;
        if (key is not null) client.Socket.Options.SetRequestHeader("Authorization", $"Bearer {key}");
        foreach (var (name, value) in headers) client.Socket.Options.SetRequestHeader(name, value);
        using var patience = new CancellationTokenSource(Poll.Patience);
        await client.Socket.ConnectAsync(new Uri($"ws://localhost:{address.Port}/ws/landmarks{query}"), patience.Token);
        return client;
    }

    /// <summary>Status of a handshake.</summary>
    public static async Task<int> StatusAsync(Uri address, string query = "", string? key = null,
        params (string Name, string Value)[] headers)
    {
        using var client = new LiveClient();
        client.Socket.Options.CollectHttpResponseDetails = true;
        if (key is not null) client.Socket.Options.SetRequestHeader("Authorization", $"Bearer {key}");
        foreach (var (name, value) in headers) client.Socket.Options.SetRequestHeader(name, value);
        try
        {
            await client.Socket.ConnectAsync(new Uri($"ws://localhost:{address.Port}/ws/landmarks{query}"), default);
        }
        catch (WebSocketException)
        {
            // The status says why.
        }
        return (int)client.Socket.HttpStatusCode;
    }

    public static byte[] Binary(uint seq, ReadOnlySpan<float> hand)
    {
        var frame = new byte[sizeof(uint) + (hand.Length * sizeof(float))];
        BinaryPrimitives.WriteUInt32LittleEndian(frame, seq);
        for (var i = 0; i < hand.Length; i++) BinaryPrimitives.WriteSingleLittleEndian(frame.AsSpan(sizeof(uint) * (i + 1)), hand[i]);
        return frame;
    }

    public static string Json(long seq, float[] hand) =>
        JsonSerializer.Serialize(new { seq, landmarks = hand.Chunk(3), handedness = "Right" });

    public Task SendAsync(uint seq, double letter) => SendAsync(Binary(seq, LetterByPosition.Hand(letter)), WebSocketMessageType.Binary);

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text);

    public Task SendAsync(byte[] frame, WebSocketMessageType type) => Socket.SendAsync(frame, type, endOfMessage: true, default);

    /// <summary>The next answer; undefined once the server has closed.</summary>
    public async Task<JsonElement> ReceiveAsync()
    {
        using var patience = new CancellationTokenSource(Poll.Patience);
        var filled = 0;
        while (true)
        {
            var received = await Socket.ReceiveAsync(buffer.AsMemory(filled), patience.Token);
            if (received.MessageType == WebSocketMessageType.Close) return default;
            filled += received.Count;
            if (received.EndOfMessage) return JsonElement.Parse(buffer.AsSpan(0, filled));
        }
    }

    public async Task<JsonElement> AskAsync(uint seq, double letter)
    {
        await SendAsync(seq, letter);
        return await ReceiveAsync();
    }

    public async Task<JsonElement> AskAsync(string text)
    {
        await SendAsync(text);
        return await ReceiveAsync();
    }

    /// <summary>Reads to the close.</summary>
    public async Task<WebSocketCloseStatus?> ClosedAsync()
    {
        while ((await ReceiveAsync()).ValueKind != JsonValueKind.Undefined)
        {
        }
        return Socket.CloseStatus;
    }

    public void Dispose() => Socket.Dispose();
}
