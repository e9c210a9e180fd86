using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace App.Tests.Energy.Readings;

/// <summary>An answer of ingest.</summary>
/// <param name="Status">Its code.</param>
/// <param name="Text">Its body.</param>
/// <param name="MediaType">Its content type.</param>
internal sealed record PostAnswer(HttpStatusCode Status, string Text, string? MediaType)
{
    /// <summary>The body as JSON.</summary>
    public JsonElement Json => JsonElement.Parse(Text);

    /// <summary>accepted and stored.</summary>
    public (int Accepted, int Stored) Counts => Status == HttpStatusCode.Accepted
        ? (Json.GetProperty("accepted").GetInt32(), Json.GetProperty("stored").GetInt32())
        : throw new InvalidOperationException($"{Status}: {Text}");
}

/// <summary>Sends readings as clients do.</summary>
internal static class Post
{
    /// <summary>2026-01-01 in Unix milliseconds.</summary>
    public const long NewYear = 1_767_225_600_000;

    /// <summary>An item as JSON.</summary>
    public static string Item(string building, long ts, double watts, string meter = "mains") =>
        $$"""{"buildingId":"{{building}}","meter":"{{meter}}","ts":{{ts}},"watts":{{watts:R}}}""";

    /// <summary>A body of items.</summary>
    public static string Body(params IEnumerable<string> items) => $$"""{"readings":[{{string.Join(',', items)}}]}""";

    /// <summary>A content of a type.</summary>
    public static ByteArrayContent Content(byte[] body, string? type = "application/json", string? encoding = null)
    {
        var content = new ByteArrayContent(body);
        if (type is not null) content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        if (encoding is not null) content.Headers.ContentEncoding.Add(encoding);
        return content;
    }

    /// <summary>Packs with gzip.</summary>
    public static byte[] Gzip(byte[] body)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write(body);
        return packed.ToArray();
    }

    /// <summary>Sends a content.</summary>
    public static async Task<PostAnswer> SendAsync(this HttpClient http, HttpContent content, string path = "/ingest/readings")
    {
        using var response = await http.PostAsync(path, content);
        return new(response.StatusCode, await response.Content.ReadAsStringAsync(), response.Content.Headers.ContentType?.MediaType);
    }

    /// <summary>Sends JSON.</summary>
    public static Task<PostAnswer> SendAsync(this HttpClient http, string json) => http.SendAsync(Content(Encoding.UTF8.GetBytes(json)));

    /// <summary>Sends line protocol.</summary>
    public static Task<PostAnswer> WriteAsync(this HttpClient http, string lines, string query = "precision=ms") =>
        http.SendAsync(Content(Encoding.UTF8.GetBytes(lines), "text/plain; charset=utf-8"), "/api/v2/write?" + query);

    /// <summary>All readings of a building, page by page.</summary>
    public static async Task<List<(string Meter, string Ts, double Watts)>> ReadingsAsync(this HttpClient http, string building,
        string query = "limit=10000")
    {
        var all = new List<(string, string, double)>();
        string? next = null;
        do
        {
            var page =
                await http.GetFromJsonAsync<JsonElement>(
                    $"/api/buildings/{building}/readings?{query}{(next is null ? "" : "&cursor=" + next)}");
            all.AddRange(page.GetProperty("readings").EnumerateArray().Select(item =>
                (item.GetProperty("meter").GetString()!, item.GetProperty("ts").GetString()!, item.GetProperty("watts").GetDouble())));
            next = page.GetProperty("next").GetString();
        }
        while (next is not null);
        return all;
    }

    /// <summary>Ids of the caller's buildings.</summary>
    public static async Task<List<string>> BuildingsAsync(this HttpClient http) =>
        [.. (await http.GetFromJsonAsync<JsonElement>("/api/buildings?limit=10000")).GetProperty("buildings")
            .EnumerateArray().Select(b => b.GetProperty("buildingId").GetString()!)];
}
