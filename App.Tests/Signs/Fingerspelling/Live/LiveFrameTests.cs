using System.Net.WebSockets;
using System.Text.Json;
using App.Signs.Fingerspelling.Live;

namespace App.Tests.Signs.Fingerspelling.Live;

/// <summary>Frames in, answers out, over real sockets.</summary>
public sealed class LiveFrameTests(LiveHost host) : IClassFixture<LiveHost>
{
    [Fact]
    public async Task A_binary_frame_is_answered_as_the_contract_says()
    {
        using var client = await host.ConnectAsync();
        var answer = await client.AskAsync(uint.MaxValue, 7);
        Assert.Equal(["seq", "letter", "confidence", "smoothed", "inferenceMs", "model"],
            answer.EnumerateObject().Select(property => property.Name));
        Assert.Equal(uint.MaxValue, answer.GetProperty("seq").GetInt64());
        Assert.Equal("H", answer.GetProperty("letter").GetString());
        Assert.InRange(answer.GetProperty("confidence").GetDouble(), 0.98, 1);
        Assert.Equal("H", answer.GetProperty("smoothed").GetProperty("letter").GetString());
        Assert.InRange(answer.GetProperty("inferenceMs").GetDouble(), 0.0001, 60_000);
        Assert.Equal(host.Model, answer.GetProperty("model").GetString());
    }

    [Fact]
    public async Task A_JSON_frame_is_answered_alike_with_or_without_handedness()
    {
        using var client = await host.ConnectAsync();
        Assert.Equal("C", (await client.AskAsync(LiveClient.Json(1, LetterByPosition.Hand(2)))).GetProperty("letter").GetString());
        var bare = JsonSerializer.Serialize(new { landmarks = LetterByPosition.Hand(3).Chunk(3), seq = 9007199254740991 });
        var answer = await client.AskAsync(bare);
        Assert.Equal(("D", 9007199254740991), (answer.GetProperty("letter").GetString(), answer.GetProperty("seq").GetInt64()));
    }

    [Fact]
    public async Task Under_the_threshold_there_is_no_letter_and_the_window_keeps_the_majority()
    {
        using var client = await host.ConnectAsync();
        for (uint seq = 0; seq < 4; seq++) await client.AskAsync(seq, 4);
        var answer = await client.AskAsync(4, 5.5);
        Assert.Equal(JsonValueKind.Null, answer.GetProperty("letter").ValueKind);
        Assert.InRange(answer.GetProperty("confidence").GetDouble(), 0.4, 0.6);
        Assert.Equal("E", answer.GetProperty("smoothed").GetProperty("letter").GetString());
        Assert.InRange(answer.GetProperty("smoothed").GetProperty("confidence").GetDouble(), 0.75, 0.85);
    }

    [Fact]
    public async Task Frames_sent_without_waiting_are_answered_in_their_order_bad_ones_in_their_place()
    {
        using var client = await host.ConnectAsync();
        const int Frames = 500;
        for (uint seq = 0; seq < Frames; seq++)
        {
            if (seq % 7 == 3) await client.SendAsync($$"""{"seq":{{seq}},"landmarks":[]}""");
            else await client.SendAsync(seq, seq % 26);
        }
        for (uint seq = 0; seq < Frames; seq++)
        {
            var answer = await client.ReceiveAsync();
            Assert.Equal(seq, answer.GetProperty("seq").GetUInt32());
            if (seq % 7 == 3) Assert.Equal("invalid_landmarks", answer.GetProperty("error").GetProperty("code").GetString());
            else Assert.Equal(((char)('A' + (seq % 26))).ToString(), answer.GetProperty("letter").GetString());
        }
    }

    [Fact]
    public async Task A_bad_frame_gets_an_error_and_the_connection_lives()
    {
        using var client = await host.ConnectAsync();
        var answer = await client.AskAsync("""{"seq":5,"landmarks":[[1,2]]}""");
        Assert.Equal(["seq", "error"], answer.EnumerateObject().Select(property => property.Name));
        Assert.Equal(["code", "message"], answer.GetProperty("error").EnumerateObject().Select(property => property.Name));
        Assert.Equal("A", (await client.AskAsync(6, 0)).GetProperty("letter").GetString());
    }

    [Fact]
    public async Task Ten_bad_frames_in_a_row_close_with_1008_and_nine_do_not()
    {
        using var client = await host.ConnectAsync();
        for (var i = 0; i < 9; i++) Assert.True((await client.AskAsync("{}")).TryGetProperty("error", out _));
        Assert.Equal("B", (await client.AskAsync(1, 1)).GetProperty("letter").GetString());
        for (var i = 0; i < 10; i++) Assert.True((await client.AskAsync("{}")).TryGetProperty("error", out _));
        Assert.Equal(WebSocketCloseStatus.PolicyViolation, await client.ClosedAsync());
    }

    [Theory]
    [InlineData(FrameLimits.MostBytes, null)]
    [InlineData(FrameLimits.MostBytes + 1, WebSocketCloseStatus.MessageTooBig)]
    [InlineData(1_000_000, WebSocketCloseStatus.MessageTooBig)]
    public async Task A_frame_over_64_KB_closes_with_1009(int bytes, WebSocketCloseStatus? expected)
    {
        using var client = await host.ConnectAsync();
        var frame = LiveClient.Json(3, LetterByPosition.Hand(1));
        await client.SendAsync(frame + new string(' ', bytes - frame.Length));
        if (expected is null) Assert.Equal("B", (await client.ReceiveAsync()).GetProperty("letter").GetString());
        else Assert.Equal(expected, await client.ClosedAsync());
    }

    [Fact]
    public async Task A_frame_in_fragments_is_one_frame()
    {
        using var client = await host.ConnectAsync();
        var frame = LiveClient.Binary(8, LetterByPosition.Hand(10));
        await client.Socket.SendAsync(frame.AsMemory(0, 100), WebSocketMessageType.Binary, endOfMessage: false, default);
        await client.Socket.SendAsync(frame.AsMemory(100), WebSocketMessageType.Binary, endOfMessage: true, default);
        Assert.Equal("K", (await client.ReceiveAsync()).GetProperty("letter").GetString());
    }

    [Fact]
    public async Task A_connection_that_asks_for_it_spells_words()
    {
        using var client = await host.ConnectAsync("?spell=true&holdMs=50");
        var seq = 0u;
        foreach (var letter in "AB")
            await Fixtures.Poll.UntilAsync($"{letter} is accepted",
                async () =>
                    (await client.AskAsync(seq++, letter - 'A')).GetProperty("spelled").GetProperty("text").GetString()!.EndsWith(letter));
        // A machine that paused between the two has begun a word with the second.
        var spaced = (await client.AskAsync("""{"seq":1,"command":"space"}""")).GetProperty("spelled").GetProperty("text").GetString()!;
        Assert.Contains(spaced, (string[])["AB ", "A B "]);
        Assert.Equal(spaced[..^1],
            (await client.AskAsync("""{"seq":2,"command":"delete"}""")).GetProperty("spelled").GetProperty("text").GetString());
        Assert.Equal("", (await client.AskAsync("""{"seq":3,"command":"clear"}""")).GetProperty("spelled").GetProperty("text").GetString());
        using var other = await host.ConnectAsync();
        Assert.Equal("no_word",
            (await other.AskAsync("""{"seq":1,"command":"space"}""")).GetProperty("error").GetProperty("code").GetString());
    }
}
