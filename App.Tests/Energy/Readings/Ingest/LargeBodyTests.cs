using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using App.Tests.Fixtures;

namespace App.Tests.Energy.Readings.Ingest;

/// <summary>Bodies that are too large, packed or not, or that end too early. Beside no other test: it measures memory.</summary>
[Collection(Alone.Name)]
public sealed class LargeBodyTests(AppHost host) : IClassFixture<AppHost>
{
    private static readonly byte[] Lines =
        Encoding.UTF8.GetBytes(
            string.Join('\n', Enumerable.Range(0, 500).Select(i => Post.Item("h", Post.NewYear + (i * 1000), i * 7919 % 1000))) + "\n");

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_of_200_MB_is_refused_long_before_its_end(bool stated)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(host.Address.Host, host.Address.Port);
        var stream = client.GetStream();
        var framing = stated ? "Content-Length: 209715200" : "Transfer-Encoding: chunked";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /ingest/readings HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {AppHost.AdminKey}\r\nContent-Type: "
            + $"application/json\r\n{framing}\r\n\r\n"));
        var answer = ReadAnswerAsync(stream);
        var sent = await SendBlanksAsync(stream, 200, stated, answer);
        Assert.StartsWith("HTTP/1.1 413", await answer);
        Assert.InRange(sent, 0, 100);
        using var http = host.ClientOfItsOwn();
        Assert.Equal((1, 1), (await http.SendAsync(Post.Body(Post.Item("h", Post.NewYear, 1)))).Counts);
    }

    [Theory]
    [InlineData((byte)0)]
    [InlineData((byte)' ')]
    [InlineData((byte)'\n')]
    public async Task A_gzip_bomb_is_refused(byte filler)
    {
        using var http = host.ClientOfItsOwn();
        foreach (var (path, type) in new[] { ("/ingest/readings", "application/json"), ("/ingest/readings", "application/x-ndjson"),
            ("/api/v2/write", "text/plain") })
        {
            var before = Environment.WorkingSet;
            var answer = await http.SendAsync(Post.Content(Bomb(filler), type, "gzip"), path);
            Assert.InRange((int)answer.Status, 400, 422);
            Assert.Equal("application/problem+json", answer.MediaType);
            Assert.InRange(Environment.WorkingSet - before, long.MinValue, 300L << 20);
        }
        Assert.Empty(await http.BuildingsAsync());
    }

    [Fact]
    public async Task A_gzip_body_that_ends_early_is_refused_wherever_it_ends()
    {
        using var http = host.ClientOfItsOwn();
        var packed = Post.Gzip(Lines);
        foreach (var length in new[] { 1, 5, 10, 11, packed.Length / 2, packed.Length - 9, packed.Length - 8, packed.Length - 4,
            packed.Length - 1 })
        {
            var answer = await http.SendAsync(Post.Content(packed[..length], "application/x-ndjson", "gzip"));
            Assert.True(answer.Status == HttpStatusCode.BadRequest, $"{length}: {answer.Text}");
            Assert.Equal("body", answer.Json.GetProperty("errors")[0].GetProperty("field").GetString());
        }
        Assert.Empty(await http.BuildingsAsync());
    }

    [Fact]
    public async Task Several_gzip_members_are_one_body_and_a_part_of_them_is_none()
    {
        using var http = host.ClientOfItsOwn();
        var json = Encoding.UTF8.GetBytes(Post.Body(Post.Item("h", Post.NewYear, 1), Post.Item("h", Post.NewYear + 1000, 2)));
        var (first, second) = (Post.Gzip(json[..50]), Post.Gzip(json[50..]));
        Assert.Equal(HttpStatusCode.BadRequest, (await http.SendAsync(Post.Content(first, encoding: "gzip"))).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await http.SendAsync(Post.Content([.. first, .. second[..^8]], encoding: "gzip"))).Status);
        Assert.Empty(await http.BuildingsAsync());
        Assert.Equal((2, 2), (await http.SendAsync(Post.Content([.. first, .. second], encoding: "GZIP"))).Counts);
    }

    [Fact]
    public async Task A_corrupt_gzip_body_is_refused()
    {
        using var http = host.ClientOfItsOwn();
        var packed = Post.Gzip(Lines);
        foreach (var at in new[] { 0, 1, 2, packed.Length / 3, packed.Length - 8, packed.Length - 2 })
        {
            var bad = packed.ToArray();
            bad[at] ^= 0x5a;
            Assert.Equal(HttpStatusCode.BadRequest, (await http.SendAsync(Post.Content(bad, "application/x-ndjson", "gzip"))).Status);
        }
        Assert.Equal(HttpStatusCode.BadRequest, (await http.SendAsync(Post.Content(Lines, "application/x-ndjson", "gzip"))).Status);
        Assert.Empty(await http.BuildingsAsync());
        Assert.Equal((500, 500), (await http.SendAsync(Post.Content(packed, "application/x-ndjson", "gzip"))).Counts);
    }

    [Fact]
    public async Task A_name_or_text_of_megabytes_is_refused()
    {
        using var http = host.ClientOfItsOwn();
        var text = new string('a', 3 << 20);
        Assert.InRange((int)(await http.SendAsync($$"""{"readings":[{"buildingId":"{{text}}"}]}""")).Status, 400, 422);
        Assert.InRange((int)(await http.SendAsync($$"""{"readings":[{"{{text}}":1}]}""")).Status, 400, 422);
        Assert.InRange((int)(await http.WriteAsync($"m,building={text} watts=1 1767225600000")).Status, 400, 422);
    }

    private static byte[] Bomb(byte filler)
    {
        var block = new byte[1 << 20];
        block.AsSpan().Fill(filler);
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            for (var i = 0; i < 1024; i++) gzip.Write(block);
        return packed.ToArray();
    }

    private static async Task<int> SendBlanksAsync(NetworkStream stream, int megabytes, bool stated, Task<string> answer)
    {
        var block = new byte[1 << 20];
        block.AsSpan().Fill((byte)' ');
        var sent = 0;
        try
        {
            for (; sent < megabytes && !answer.IsCompleted; sent++)
            {
                if (!stated)
                    await stream.WriteAsync(Encoding.ASCII.GetBytes(block.Length.ToString("x", CultureInfo.InvariantCulture) + "\r\n"));
                await stream.WriteAsync(block);
                if (!stated) await stream.WriteAsync("\r\n"u8.ToArray());
            }
        }
        catch (IOException)
        {
            // The server has closed the connection, as it may once it has answered.
        }
        return sent;
    }

    private static async Task<string> ReadAnswerAsync(NetworkStream stream)
    {
        var buffer = new byte[64 * 1024];
        var read = await stream.ReadAsync(buffer);
        return Encoding.UTF8.GetString(buffer, 0, read);
    }
}
