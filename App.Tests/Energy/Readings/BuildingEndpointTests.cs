using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using App.Tests.Fixtures;

namespace App.Tests.Energy.Readings;

/// <summary>What was taken is seen at once, in pages, spans, means and CSV.</summary>
public sealed class BuildingEndpointTests(AppHost host) : IClassFixture<AppHost>
{
    [Fact]
    public async Task A_reading_is_seen_as_soon_as_it_is_accepted()
    {
        using var http = host.ClientOfItsOwn();
        for (var i = 0; i < 20; i++)
        {
            await http.SendAsync(Post.Body(Post.Item("h", Post.NewYear + (i * 1000), i)));
            Assert.Equal(i + 1, (await http.ReadingsAsync("h")).Count);
            var building = (await http.GetFromJsonAsync<JsonElement>("/api/buildings")).GetProperty("buildings")[0];
            Assert.Equal(DateTimeOffset.FromUnixTimeMilliseconds(Post.NewYear + (i * 1000)),
                building.GetProperty("lastReadingAt").GetDateTimeOffset());
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(10_000)]
    public async Task Pages_hold_every_reading_once_and_in_order(int limit)
    {
        using var http = host.ClientOfItsOwn();
        await http.SendAsync(
            Post.Body(
                Enumerable.Range(0, 25)
                    .SelectMany(i =>
                        new[] { Post.Item("h", Post.NewYear + (i * 1000), i), Post.Item("h", Post.NewYear + (i * 1000), -i, "solar") })));
        var all = await http.ReadingsAsync("h", $"limit={limit}");
        Assert.Equal(
            Enumerable.Range(0, 25).Select(i => ("mains", (double)i)).Concat(Enumerable.Range(0, 25).Select(i => ("solar", (double)-i))),
            all.Select(row => (row.Meter, row.Watts)));
    }

    [Fact]
    public async Task Buildings_come_in_pages_too()
    {
        using var http = host.ClientOfItsOwn();
        await http.SendAsync(Post.Body(Enumerable.Range(0, 23).Select(i => Post.Item($"h{i:00}", Post.NewYear, 1))));
        var seen = new List<string>();
        string? next = null;
        do
        {
            var page = await http.GetFromJsonAsync<JsonElement>($"/api/buildings?limit=10{(next is null ? "" : "&cursor=" + next)}");
            seen.AddRange(
                page.GetProperty("buildings").EnumerateArray().Select(building => building.GetProperty("buildingId").GetString()!));
            next = page.GetProperty("next").GetString();
        }
        while (next is not null);
        Assert.Equal(Enumerable.Range(0, 23).Select(i => $"h{i:00}"), seen);
    }

    [Fact]
    public async Task From_is_included_and_to_is_not()
    {
        using var http = host.ClientOfItsOwn();
        await http.SendAsync(Post.Body(Enumerable.Range(0, 10).Select(i => Post.Item("h", Post.NewYear + (i * 60_000), i))));
        async Task<string> Of(string query) => string.Join(' ', (await http.ReadingsAsync("h", query)).Select(row => row.Watts));
        Assert.Equal("2 3 4", await Of("from=2026-01-01T00:02:00Z&to=2026-01-01T00:05:00Z"));
        Assert.Equal("2 3 4", await Of("from=2026-01-01T01:02:00%2B01:00&to=1767225900000"));
        Assert.Equal("2 3 4", await Of("from=2026-01-01T01:02:00+01:00&to=2026-01-01T00:05:00Z&limit=2"));
        Assert.Equal("", await Of("from=2026-01-02"));
        Assert.Equal("0 1 2 3 4 5 6 7 8 9", await Of("from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59Z"));
        Assert.Equal("", await Of("from=2026-01-01T00:05:00Z&to=2026-01-01T00:02:00Z"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    public async Task A_step_gives_means_aligned_to_it(int limit)
    {
        using var http = host.ClientOfItsOwn();
        await http.SendAsync(
            Post.Body(Enumerable.Range(0, 10).Where(i => i is not (4 or 5)).Select(i => Post.Item("h", Post.NewYear + (i * 30_000), i))));
        Assert.Equal(
            [("2026-01-01T00:00:00Z", 0.5), ("2026-01-01T00:01:00Z", 2.5), ("2026-01-01T00:03:00Z", 6.5), ("2026-01-01T00:04:00Z", 8.5)],
            (await http.ReadingsAsync("h", $"step=60&limit={limit}")).Select(row => (row.Ts, row.Watts)));
    }

    [Fact]
    public async Task CSV_holds_the_whole_span()
    {
        using var http = host.ClientOfItsOwn();
        await http.SendAsync(Post.Body(Enumerable.Range(0, 20_000).Select(i => Post.Item("h", Post.NewYear + (i * 1000), i + 0.25))));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/buildings/h/readings?limit=5&from=2026-01-01T00:00:01Z");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/csv"));
        using var response = await http.SendAsync(request);
        Assert.Equal("text/csv", response.Content.Headers.ContentType!.MediaType);
        var rows = (await response.Content.ReadAsStringAsync()).TrimEnd('\n').Split('\n');
        Assert.Equal(["meter,ts,watts", "mains,2026-01-01T00:00:01Z,1.25"], rows[..2]);
        Assert.Equal(20_000, rows.Length);
    }

    [Theory]
    [InlineData("/api/buildings?limit=0", "limit")]
    [InlineData("/api/buildings?limit=10001", "limit")]
    [InlineData("/api/buildings?limit=x", "limit")]
    [InlineData("/api/buildings?cursor=%25", "cursor")]
    [InlineData("/api/buildings?cursor=AA", "cursor")]
    [InlineData("/api/buildings/h/readings?limit=-1", "limit")]
    [InlineData("/api/buildings/h/readings?cursor=x", "cursor")]
    [InlineData("/api/buildings/h/readings?cursor=bWFpbnMKeA", "cursor")]
    [InlineData("/api/buildings/h/readings?cursor=bWFpbnMKOTIyMzM3MjAzNjg1NDc3NTgwNw", "cursor")]
    [InlineData("/api/buildings/h/readings?from=yesterday", "from")]
    [InlineData("/api/buildings/h/readings?from=01-02-2026", "from")]
    [InlineData("/api/buildings/h/readings?to=99999999999999999999", "to")]
    [InlineData("/api/buildings/h/readings?to=2026-13-01T00:00:00Z", "to")]
    [InlineData("/api/buildings/h/readings?step=0", "step")]
    [InlineData("/api/buildings/h/predictions?limit=0", "limit")]
    [InlineData("/api/buildings/h/predictions?cursor=bWFpbnMKeA", "cursor")]
    [InlineData("/api/buildings/h/predictions?appliance=toaster", "appliance")]
    public async Task A_bad_parameter_is_named(string path, string field)
    {
        using var http = host.ClientOfItsOwn();
        await http.SendAsync(Post.Body(Post.Item("h", Post.NewYear, 1)));
        using var response = await http.GetAsync(path);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
        var error = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors")[0];
        Assert.Equal(field, error.GetProperty("field").GetString());
        Assert.NotEqual("", error.GetProperty("cure").GetString());
    }

    [Theory]
    [InlineData("nobody")]
    [InlineData("a%20b")]
    [InlineData("%C3%BC")]
    [InlineData("%ED%A0%80")]
    [InlineData("%01")]
    [InlineData("..%2f..")]
    public async Task A_building_that_is_not_there_is_a_404(string id)
    {
        foreach (var what in new[] { "readings", "predictions" })
        {
            using var response = await host.Http.GetAsync($"/api/buildings/{id}/{what}");
            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        }
    }
}
