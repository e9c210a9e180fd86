using System.Collections.Concurrent;
using App.Tests.Fixtures;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace App.Tests.WebConsole;

/// <summary>Fingerspelling as its user sees it, on a real server with the shipped model.</summary>
[Collection(BrowserTests.Name)]
public sealed class LivePageTests(Browser browser, AppHost host) : IClassFixture<AppHost>
{
    [Fact]
    public async Task The_replayed_hand_is_drawn_and_read_and_spells_its_text()
    {
        await using var console = await OpenAsync();
        await Expect(console.Page.Locator("#live-text")).ToHaveTextAsync("Connected");

        await console.Page.GetByRole(AriaRole.Button, new() { Name = "Replay a hand" }).ClickAsync();

        await Expect(console.Page.Locator("#source")).ToHaveTextAsync("Replay: FLY LAB");
        await Expect(console.Page.Locator("#letter")).ToHaveTextAsync("F");
        await Poll.UntilAsync("the hand is drawn", async () => await InkAsync(console.Page) > 500);
        await Expect(console.Page.Locator("#model")).ToContainTextAsync("fingerspelling@");
        await Expect(console.Page.Locator("#latency")).ToContainTextAsync(" ms");
        await Expect(console.Page.Locator("#word")).ToContainTextAsync("FLY LAB", new() { Timeout = 300_000 });
        Assert.Empty(console.Complaints);

        await console.Page.GetByRole(AriaRole.Button, new() { Name = "Stop" }).ClickAsync();
        await console.Page.GetByRole(AriaRole.Button, new() { Name = "Clear" }).ClickAsync();
        await Expect(console.Page.Locator("#word")).Not.ToContainTextAsync("FLY");
        await Expect(console.Page.Locator("#letter")).ToHaveTextAsync("–");
    }

    [Fact]
    public async Task The_camera_is_looked_at_in_the_browser_with_files_of_this_server_alone()
    {
        await using var console = await OpenAsync();
        var asked = new ConcurrentQueue<string>();
        console.Page.Request += (_, request) => asked.Enqueue(request.Url);

        await console.Page.GetByRole(AriaRole.Button, new() { Name = "Use the camera" }).ClickAsync();

        // The browser's test picture has no hand in it.
        await Expect(console.Page.Locator("#source")).ToHaveTextAsync("Camera: no hand in view", new() { Timeout = 300_000 });
        Assert.Contains(asked, url => url.EndsWith(".wasm", StringComparison.Ordinal));
        Assert.All(
            asked.Where(url => !url.StartsWith("blob:", StringComparison.Ordinal) && !url.StartsWith("data:", StringComparison.Ordinal)),
            url => Assert.StartsWith(host.Address.ToString(), url, StringComparison.Ordinal));
        Assert.DoesNotContain(console.Complaints, complaint => complaint.Contains("Content Security Policy", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Text_is_legible_and_nothing_is_wider_than_a_small_screen(bool dark)
    {
        await using var console = await OpenAsync(dark, width: 360);
        await Expect(console.Page.Locator("#live-text")).ToHaveTextAsync("Connected");
        Assert.Empty(await Contrast.FaultsAsync(console.Page));
        Assert.Equal(0, await console.OverflowAsync());
    }

    [Fact]
    public async Task Who_is_not_signed_in_is_asked_and_comes_back_to_the_page()
    {
        await using var console = new ConsolePage(await browser.NewPageAsync(), host.Address.ToString().TrimEnd('/'));
        await console.OpenAsync("/live");
        await console.SignInByFormAsync(AppHost.AdminKey);
        await Expect(console.Page.Locator("#live-text")).ToHaveTextAsync("Connected");
        Assert.EndsWith("/live", console.Page.Url, StringComparison.Ordinal);
        await console.Page.Keyboard.PressAsync("Tab");
        await Expect(console.Page.GetByText("Skip to the hand")).ToBeFocusedAsync();
    }

    private async Task<ConsolePage> OpenAsync(bool dark = false, int width = 1280)
    {
        var console = new ConsolePage(await browser.NewPageAsync(width, dark: dark), host.Address.ToString().TrimEnd('/'));
        await console.OpenAsync($"/?key={AppHost.AdminKey}");
        await console.OpenAsync("/live");
        return console;
    }

    private static Task<int> InkAsync(IPage page) => page.EvaluateAsync<int>("""
        () => {
          const canvas = document.querySelector("#hand");
          // Of a copy: the browser complains about a canvas that is read again and again.
          const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
          copy.drawImage(canvas, 0, 0);
          const data = copy.getImageData(0, 0, canvas.width, canvas.height).data;
          let count = 0;
          for (let i = 3; i < data.length; i += 4) if (data[i] > 0) count++;
          return count;
        }
        """);
}
