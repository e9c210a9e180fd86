using System.Net;
using System.Net.Http.Headers;
using System.Text;
using App.Tests.Fixtures;

namespace App.Tests.Energy.Readings.Ingest;

/// <summary>InfluxDB line protocol as Telegraf and Home Assistant send it.</summary>
public sealed class LineProtocolTests(AppHost host) : IClassFixture<AppHost>
{
    /// <summary>Lines, query, and building, meter and watts as they are stored at the new year.</summary>
    public static TheoryData<string, string, string, string, double> Lines() => new()
    {
        { "power,building=h1,meter=m1 watts=12.5 1767225600000000000", "", "h1", "m1", 12.5 },
        { "power,buildingId=h1 power=12i 1767225600000000000", "precision=ns", "h1", "mains", 12 },
        { "power,building_id=h1 value=-1.5e2 1767225600000000", "precision=us", "h1", "mains", -150 },
        { "power,host=h1 value=12u 1767225600000", "precision=ms", "h1", "mains", 12 },
        { "power,host=other,building=h1 watts=1 1767225600", "precision=s", "h1", "mains", 1 },
        { "power watts=1 1767225600", "precision=s&bucket=home&org=x", "home", "mains", 1 },
        { """W,domain=sensor,entity_id=mains_power friendly_name_str="Mains, \"all\" of = it",value=345.6,"""
            + """on=true,state="345.6" 1767225600""",
            "precision=s&bucket=home", "home", "mains_power", 345.6 },
        { "sys\\ tem,building=h1,note=a\\ b\\,c\\=d\\\\ watts=7 1767225600", "precision=s", "h1", "mains", 7 },
        { "power,building=h1,note=5\"inch watts=7 1767225600", "precision=s", "h1", "mains", 7 },
        { "power,building=h1 note=\"two\nlines, watts=9 1\",watts=7 1767225600", "precision=s", "h1", "mains", 7 },
        { "# a \"comment\n\r\n   \npower,building=h1 watts=7 1767225600\r\n\n# end", "precision=s", "h1", "mains", 7 },
        { "power,building=h1 value=\"on\",power=8 1767225600", "precision=s", "h1", "mains", 8 },
    };

    [Theory]
    [MemberData(nameof(Lines))]
    public async Task A_line_is_stored_as_it_means(string lines, string query, string building, string meter, double watts)
    {
        using var http = host.ClientOfItsOwn();
        var answer = await http.WriteAsync(lines, query);
        Assert.True(answer.Status == HttpStatusCode.NoContent, answer.Text);
        Assert.Equal("", answer.Text);
        Assert.Equal([building], await http.BuildingsAsync());
        Assert.Equal((meter, "2026-01-01T00:00:00Z", watts), Assert.Single(await http.ReadingsAsync(building)));
    }

    [Theory]
    [InlineData("power,building=h1 watts=NaN 1767225600000", "lines[0].watts", "NaN")]
    [InlineData("power,building=h1 watts=inf 1767225600000", "lines[0].watts", "inf")]
    [InlineData("power,building=h1 watts=1e308 1767225600000", "lines[0].watts", "1e308")]
    [InlineData("power,building=h1 watts= 1767225600000", "lines[0].watts", "")]
    [InlineData("power,building=h1 watts=1x 1767225600000", "lines[0].watts", "1x")]
    [InlineData("power,building=h1 watts=1 17672256000000000", "lines[0].timestamp", "17672256000000000")]
    [InlineData("power,building=h1 watts=1 1.5", "lines[0].timestamp", "1.5")]
    [InlineData("power,building=h1 watts=1 -1", "lines[0].timestamp", "-1")]
    [InlineData("power,building=h1 watts=1 99999999999999999999", "lines[0].timestamp", "99999999999999999999")]
    [InlineData("power,building=a\\ b watts=1 1767225600000", "lines[0].building", "a\\ b")]
    [InlineData("power watts=1 1767225600000", "lines[0].building", "")]
    [InlineData("power,building=h1,meter=ü watts=1 1767225600000", "lines[0].meter", "ü")]
    [InlineData("power,building=h1", "lines[0]", "power,building=h1")]
    [InlineData("just words", "lines[0].fields", "words")]
    [InlineData("{\"readings\":[]}", "lines[0]", "{\"readings\":[]}")]
    public async Task A_bad_line_is_refused_with_the_good_ones_beside_it(string line, string field, string value)
    {
        using var http = host.ClientOfItsOwn();
        var answer = await http.WriteAsync($"{line}\npower,building=good watts=1 1767225600000");
        Assert.True(answer.Status == HttpStatusCode.UnprocessableEntity, answer.Text);
        Assert.Equal((field, value),
            (answer.Json.GetProperty("errors")[0].GetProperty("field").GetString(),
                answer.Json.GetProperty("errors")[0].GetProperty("value").GetString()));
        Assert.StartsWith(field, answer.Json.GetProperty("message").GetString());
        Assert.Empty(await http.BuildingsAsync());
    }

    [Fact]
    public async Task The_probe_of_Home_Assistant_and_lines_without_power_are_fine_and_store_nothing()
    {
        using var http = host.ClientOfItsOwn();
        Assert.Equal(HttpStatusCode.NoContent, (await http.WriteAsync("")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await http.WriteAsync("\n")).Status);
        Assert.Equal(HttpStatusCode.NoContent,
            (await http.WriteAsync(
                "cpu,host=a usage=1.5,text=\"watts=1\" 1767225600000\nlight,host=a value=\"on\",watts=t 1767225600000")).Status);
        Assert.Empty(await http.BuildingsAsync());
        using var ping = await host.Client(null).GetAsync("/ping");
        Assert.Equal(HttpStatusCode.NoContent, ping.StatusCode);
    }

    [Fact]
    public async Task A_line_without_a_time_is_of_now()
    {
        using var http = host.ClientOfItsOwn();
        var before = TimeProvider.System.GetUtcNow().AddMilliseconds(-1);
        await http.WriteAsync("power,building=h1 watts=1");
        Assert.InRange(DateTimeOffset.Parse((await http.ReadingsAsync("h1"))[0].Ts), before, TimeProvider.System.GetUtcNow());
    }

    [Fact]
    public async Task Another_precision_is_refused()
    {
        using var http = host.ClientOfItsOwn();
        var answer = await http.WriteAsync("power,building=h1 watts=1 1", "precision=h");
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "h"),
            (answer.Status, answer.Json.GetProperty("errors")[0].GetProperty("value").GetString()));
    }

    [Fact]
    public async Task The_key_may_be_called_a_token_and_the_body_be_packed_and_long()
    {
        using var http = host.Client(null);
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Token", Jwt.Of("telegraf", "ingest", "read"));
        var lines = string.Join('\n',
            Enumerable.Range(0, 20_000)
                .Select(i => $"power,building=h{i % 10} watts={i},note=\"{new string('x', i % 50)}\" {Post.NewYear + i}"));
        Assert.Equal(HttpStatusCode.NoContent,
            (await http.SendAsync(Post.Content(Post.Gzip(Encoding.UTF8.GetBytes(lines)), "text/plain", "gzip"),
                "/api/v2/write?precision=ms")).Status);
        Assert.Equal(2000, (await http.ReadingsAsync("h3")).Count);
    }
}
