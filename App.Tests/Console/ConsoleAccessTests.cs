using App.Tests.Fixtures;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace App.Tests.WebConsole;

[Collection(BrowserTests.Name)]
public sealed class ConsoleAccessTests(Browser browser, StubServer server) : IClassFixture<StubServer>, IAsyncLifetime
{
    public Task InitializeAsync()
    {
        if (server.Houses.IsEmpty)
            server.Houses.Enqueue(
                new StubHouse("a-building-with-a-name-that-is-far-longer-than-anyone-would-wish.north-wing:0042") { Solar = 2600 }.Fill(
                    StubServer.Now, TimeSpan.FromHours(30)));
        return Task.CompletedTask;
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_wrong_key_is_explained_and_the_right_one_opens_the_house_until_signing_out()
    {
        await using var console = new ConsolePage(await browser.NewPageAsync(), server.Address);
        await console.OpenAsync();

        await console.SignInByFormAsync("not-a-key");
        await Expect(console.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("unknown or revoked");
        await console.SignInByFormAsync(StubServer.Key);
        await Expect(console.Page.Locator("#house")).ToBeVisibleAsync();
        Assert.DoesNotContain(StubServer.Key, console.Page.Url, StringComparison.Ordinal);
        Assert.Equal("", await console.Page.EvaluateAsync<string>("() => document.cookie"));
        await console.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await Expect(console.Page.GetByLabel("API key")).ToBeVisibleAsync();
        Assert.All(console.Complaints, complaint => Assert.Contains("401", complaint, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(360)]
    [InlineData(412)]
    [InlineData(768)]
    public async Task Nothing_is_wider_than_a_small_screen(int width)
    {
        await using var console = await OpenAsync(width);

        foreach (var range in (string[])["3h", "12h", "24h", "7d"])
        {
            await console.ChooseRangeAsync(range);
            await Expect(console.Card("kettle")).ToBeVisibleAsync();
            Assert.Equal(0, await console.OverflowAsync());
        }
        await console.Page.Locator("#table-details summary").ClickAsync();
        await Expect(console.Page.Locator("#table-body tr")).ToHaveCountAsync(60);
        Assert.Equal(0, await console.OverflowAsync());
        Assert.Empty(console.Complaints);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Text_is_legible_in_both_colour_schemes(bool dark)
    {
        await using var console = await OpenAsync(dark: dark);
        await Expect(console.Card("kettle")).ToBeVisibleAsync();
        await Expect(console.Page.Locator("#service-state")).ToHaveTextAsync("Up");

        Assert.Equal(dark ? "rgb(12, 18, 24)" : "rgb(244, 246, 248)",
            await console.Page.EvaluateAsync<string>("() => getComputedStyle(document.body).backgroundColor"));
        Assert.Empty(await Contrast.FaultsAsync(console.Page));
        await console.UntilDrawnAsync(100, "measured");
        Assert.Empty(console.Complaints);
    }

    [Fact]
    public async Task The_chart_follows_a_change_of_the_colour_scheme()
    {
        await using var console = await OpenAsync();
        await Expect(console.Card("kettle")).ToBeVisibleAsync();

        await console.Page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });

        await console.UntilDrawnAsync(20, "fridge");
    }

    [Fact]
    public async Task Everything_can_be_done_with_keys_alone()
    {
        await using var console = await OpenAsync();
        await Expect(console.Card("kettle")).ToBeVisibleAsync();
        var keys = console.Page.Keyboard;

        await keys.PressAsync("Tab");
        await Expect(console.Page.GetByText("Skip to the house")).ToBeFocusedAsync();
        await Expect(console.Page.GetByText("Skip to the house")).ToBeInViewportAsync();
        await keys.PressAsync("Enter");
        await keys.PressAsync("Tab");
        await Expect(console.Page.Locator("[data-range='3h']")).ToBeFocusedAsync();
        Assert.NotEqual("none", await console.Page.EvaluateAsync<string>("() => getComputedStyle(document.activeElement).outlineStyle"));
        await keys.PressAsync("Enter");
        await Expect(console.Page.Locator("[data-range='3h']")).ToHaveAttributeAsync("aria-pressed", "true");
        for (var i = 0; i < 4; i++) await keys.PressAsync("Tab");
        await Expect(console.Chart).ToBeFocusedAsync();

        await keys.PressAsync("Home");
        await Expect(console.Page.Locator("#readout-spoken")).ToContainTextAsync("measured");
        var first = await console.Page.Locator("#readout-time").TextContentAsync();
        await keys.PressAsync("PageDown");
        await Expect(console.Page.Locator("#readout-time")).Not.ToHaveTextAsync(first!);
        await keys.PressAsync("Tab");
        await keys.PressAsync("Enter");
        await Expect(console.Page.Locator("#table-body tr")).ToHaveCountAsync(60);
        Assert.Empty(console.Complaints);
    }

    private async Task<ConsolePage> OpenAsync(int width = 1280, bool dark = false)
    {
        var console = new ConsolePage(await browser.NewPageAsync(width, dark: dark), server.Address);
        await console.SignInByLinkAsync(StubServer.Key);
        return console;
    }
}
