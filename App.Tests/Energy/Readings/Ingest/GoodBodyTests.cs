using System.Net;
using System.Text;
using App.Tests.Fixtures;

namespace App.Tests.Energy.Readings.Ingest;

/// <summary>Every form in which readings may come means the same.</summary>
public sealed class GoodBodyTests(AppHost host) : IClassFixture<AppHost>
{
    private const string Form = """
        {"readings":[
          {"buildingId":"h1","ts":"2026-01-01T00:00:00Z","watts":123.4},
          {"watts":-5e1,"ts":1767225601000,"meter":"solar-1","buildingId":"\u0068\u0031"},
          {"meter":"mains","buildingId":"h1","watts":0,"ts":"2026-01-01T02:30:02.5+02:30"},
          {"buildingId":"h2:a_b.c-d","ts":"2025-12-31t19:00:03.1239999-05:00","watts":1e3}
        ]}
        """;

    private static readonly (string, string, double)[] OfH1 =
        [("mains", "2026-01-01T00:00:00Z", 123.4), ("mains", "2026-01-01T00:00:02.500Z", 0), ("solar-1", "2026-01-01T00:00:01Z", -50)];

    [Fact]
    public async Task JSON_is_taken_with_its_fields_in_any_order_and_form()
    {
        using var http = host.ClientOfItsOwn();
        Assert.Equal((4, 4), (await http.SendAsync(Form)).Counts);
        await SeenAsync(http);
    }

    [Fact]
    public async Task JSON_may_be_packed()
    {
        using var http = host.ClientOfItsOwn();
        Assert.Equal((4, 4),
            (await http.SendAsync(
                Post.Content(Post.Gzip(Encoding.UTF8.GetBytes(Form)), "application/json; charset=utf-8", "gzip"))).Counts);
        await SeenAsync(http);
    }

    [Theory]
    [InlineData("application/x-ndjson", "\n", "\n")]
    [InlineData("application/x-ndjson", "\r\n", "\r\n")]
    [InlineData("application/ndjson", "\n", "")]
    [InlineData("application/jsonl", "\n\n \r\n", "\n\n")]
    public async Task NDJSON_is_taken_with_any_line_ends(string type, string between, string end)
    {
        using var http = host.ClientOfItsOwn();
        var items = System.Text.Json.JsonDocument.Parse(Form).RootElement
            .GetProperty("readings").EnumerateArray().Select(item => item.GetRawText());
        Assert.Equal((4, 4), (await http.SendAsync(Post.Content(Encoding.UTF8.GetBytes(string.Join(between, items) + end), type))).Counts);
        await SeenAsync(http);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(4096)]
    public async Task A_body_in_chunks_is_the_same_body(int chunk)
    {
        using var http = host.ClientOfItsOwn();
        Assert.Equal((4, 4), (await http.SendAsync(new ChunkedContent(Encoding.UTF8.GetBytes(Form), chunk, "application/json"))).Counts);
        await SeenAsync(http);
        var refused =
            await http.SendAsync(new ChunkedContent(Encoding.UTF8.GetBytes(Form.Replace("-5e1", "-5e9")), chunk, "application/json"));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "readings[1].watts"),
            (refused.Status, refused.Json.GetProperty("errors")[0].GetProperty("field").GetString()));
    }

    [Fact]
    public async Task Feeding_into_the_grid_is_kept_and_flagged()
    {
        using var http = host.ClientOfItsOwn();
        await http.SendAsync(Form);
        var building = (await http.GetStringAsync("/api/buildings?limit=1"));
        var shown = System.Text.Json.JsonElement.Parse(building).GetProperty("buildings")[0];
        Assert.True(shown.GetProperty("netNegative").GetBoolean());
        Assert.Equal([("mains", false), ("solar-1", true)],
            shown.GetProperty("meters")
                .EnumerateArray().Select(meter => (meter.GetProperty("meter").GetString(), meter.GetProperty("netNegative").GetBoolean())));
        var reading = System.Text.Json.JsonElement.Parse(await http.GetStringAsync("/api/buildings/h1/readings?meter=solar-1"))
            .GetProperty("readings")[0];
        Assert.Equal((-50, true), (reading.GetProperty("watts").GetDouble(), reading.GetProperty("netNegative").GetBoolean()));
    }

    private static async Task SeenAsync(HttpClient http)
    {
        Assert.Equal(OfH1, await http.ReadingsAsync("h1"));
        Assert.Equal([("mains", "2026-01-01T00:00:03.123Z", 1000.0)], await http.ReadingsAsync("h2:a_b.c-d"));
    }
}

/// <summary>A body without a stated length, sent in pieces of a size.</summary>
internal sealed class ChunkedContent : HttpContent
{
    private readonly byte[] body;
    private readonly int chunk;

    public ChunkedContent(byte[] body, int chunk, string type)
    {
        (this.body, this.chunk) = (body, chunk);
        Headers.ContentType = new(type);
    }

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        for (var at = 0; at < body.Length; at += chunk)
        {
            await stream.WriteAsync(body.AsMemory(at, Math.Min(chunk, body.Length - at)));
            await stream.FlushAsync();
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
