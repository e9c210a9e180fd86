using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using App.Tests.Energy.Readings;
using App.Tests.Engines.Models;
using App.Tests.Fixtures;

namespace App.Tests.Energy.Disaggregation;

/// <summary>Predictions as they are answered: pages, spans, one appliance, CSV.</summary>
public sealed class PredictionEndpointTests : IAsyncLifetime
{
    private const int Minutes = 1500;
    private AppHost host = null!;

    public async Task InitializeAsync()
    {
        host = await AppHost.StartAsync();
        await host.Http.SendAsync(Post.Body(Post.Item("h", Post.NewYear, 1)));
        var spec = (TinyModel.Spec("test-model") with { Labels = ["kettle", "microwave", "fridge"] }).ToJson().Replace("'", "''");
        await host.ExecuteAsync($"""
            insert into model_versions (name, version, sha256, spec, artifact, state)
                values ('test-model', 3, repeat('0', 64), '{spec}', '\x00', 'retired');
            insert into predictions (building_key, ts, mains, watts, on_bits, final, model_version_id)
            select b.key, timestamptz '2026-01-01 00:00+00' + i * interval '1 minute', 100, array[i, 2.26, 0, 5], 1, i < 1000, m.id
            from generate_series(0, {Minutes - 1}) i, buildings b, model_versions m where m.name = 'test-model'
            """);
    }

    public async Task DisposeAsync() => await host.DisposeAsync();

    [Fact]
    public async Task A_minute_has_an_item_for_each_appliance_and_the_rest()
    {
        var page =
            await host.Http.GetFromJsonAsync<JsonElement>("/api/buildings/h/predictions?from=2026-01-01T16:39:00Z&to=2026-01-01T16:40:00Z");
        Assert.Equal("h", page.GetProperty("buildingId").GetString());
        Assert.Equal(JsonValueKind.Null, page.GetProperty("next").ValueKind);
        Assert.Equal(
            [("kettle", 999, true), ("microwave", 2.3, false), ("fridge", 0, false), ("other", 5, true)],
            page.GetProperty("predictions")
                .EnumerateArray()
                .Select(item =>
                    (item.GetProperty("appliance").GetString(), item.GetProperty("watts").GetDouble(),
                        item.GetProperty("on").GetBoolean())));
        var first = page.GetProperty("predictions")[0];
        Assert.Equal(("2026-01-01T16:39:00Z", true, "test-model@3"),
            (first.GetProperty("ts").GetString(), first.GetProperty("final").GetBoolean(), first.GetProperty("model").GetString()));
    }

    [Theory]
    [InlineData("", 3, 4 * 20)]
    [InlineData("&appliance=fridge", 7, 20)]
    [InlineData("&appliance=other", 1000, 20)]
    public async Task Pages_hold_every_item_once(string filter, int limit, int expected)
    {
        var seen = new List<string>();
        string? next = null;
        do
        {
            var page =
                await host.Http.GetFromJsonAsync<JsonElement>(
                    $"/api/buildings/h/predictions?to=2026-01-01T00:20:00Z&limit={limit}{filter}{(next is null ? "" : "&cursor=" + next)}");
            seen.AddRange(page.GetProperty("predictions")
                .EnumerateArray().Select(item => $"{item.GetProperty("ts")} {item.GetProperty("appliance")}"));
            next = page.GetProperty("next").GetString();
        }
        while (next is not null);
        Assert.Equal(expected, seen.Count);
        Assert.Equal(expected, seen.Distinct().Count());
    }

    [Fact]
    public async Task A_cursor_of_another_time_zone_or_year_is_no_500()
    {
        foreach (var position in new[] { "2026-01-01T02:00:00+02:00\n1", "0001-01-01T00:00:00Z\n1", "9999-12-31T23:59:59Z\n1",
            "2026-01-01T00:00:00Z\n-1", "x\n1" })
        {
            using var response =
                await host.Http.GetAsync(
                    "/api/buildings/h/predictions?cursor="
                        + System.Buffers.Text.Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(position)));
            Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.UnprocessableEntity, position);
        }
    }

    [Fact]
    public async Task CSV_holds_the_whole_span()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/buildings/h/predictions?limit=5");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/csv"));
        using var response = await host.Http.SendAsync(request);
        var rows = (await response.Content.ReadAsStringAsync()).TrimEnd('\n').Split('\n');
        Assert.Equal((Minutes * 4) + 1, rows.Length);
        Assert.Equal(
            ["ts,appliance,watts,on,final,model", "2026-01-01T00:00:00Z,kettle,0.0,true,true,test-model@3",
                "2026-01-01T00:00:00Z,microwave,2.3,false,true,test-model@3"], rows[..3]);
        Assert.Contains(",false,test-model@3", rows[^1]);
    }

    [Fact]
    public async Task Another_organization_sees_nothing()
    {
        using var other = host.ClientOfItsOwn();
        Assert.Equal(HttpStatusCode.NotFound, (await other.GetAsync("/api/buildings/h/predictions")).StatusCode);
    }
}
