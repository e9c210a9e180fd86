using System.Net.Http.Headers;
using System.Net.Http.Json;
using App.Platform.Configuration;
using App.Platform.Serving;
using App.Tests.Fixtures;
using static Microsoft.Playwright.Assertions;

namespace App.Tests.WebConsole;

/// <summary>The whole server, as it starts for a user, seen through the page.</summary>
[Collection(BrowserTests.Name)]
public sealed class RealServerTests(Browser browser, TestDatabase database) : IClassFixture<TestDatabase>
{
    private const string Key = "the-operators-own-key";

    [Fact]
    public async Task A_reading_that_is_posted_appears_on_the_open_page()
    {
        var variables =
            Variables.Of(new Dictionary<string, string?>
            {
                ["DATABASE_URL"] = database.Url,
                ["ADMIN_API_KEY"] = Key,
                ["PORT"] = "0",
                ["ENV"] = "test"
            });
        await using var server = await Server.StartAsync(Program.ComposeAsync, variables, CancellationToken.None);
        await using var console = new ConsolePage(await browser.NewPageAsync(), server.Address.ToString().TrimEnd('/'));
        await console.SignInByLinkAsync(Key);
        await Expect(console.Page.Locator("#empty")).ToBeVisibleAsync();
        using var meter = new HttpClient { BaseAddress = server.Address };
        meter.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
        var start = TimeProvider.System.GetUtcNow().AddMinutes(-5);

        await PostAsync(meter, Enumerable.Range(0, 30).Select(i => (start.AddSeconds(10 * i), 200.0 + i)));
        await Expect(console.Page.Locator("#house-name")).ToHaveTextAsync("h1");
        await Expect(console.PowerNow).ToHaveTextAsync("229");
        await PostAsync(meter, [(start.AddSeconds(320), -1234)]);

        await Expect(console.PowerNow).ToHaveTextAsync("-1,234");
        await Expect(console.Page.Locator("#now-note")).ToHaveTextAsync("feeding into the grid");
        await Expect(console.Page.Locator("#shards")).ToHaveTextAsync("16");
        await console.ChooseRangeAsync("3h");
        await console.UntilDrawnAsync(0, "measured");
        Assert.Empty(console.Complaints);
    }

    private static async Task PostAsync(HttpClient meter, IEnumerable<(DateTimeOffset Ts, double Watts)> readings)
    {
        using var answer = await meter.PostAsJsonAsync("/ingest/readings",
            new { readings = readings.Select(reading => new { buildingId = "h1", ts = reading.Ts, watts = reading.Watts }) });
        answer.EnsureSuccessStatusCode();
    }
}
