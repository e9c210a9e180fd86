using System.Collections.Concurrent;
using App.Tests.Fixtures;
using Microsoft.Playwright;

namespace App.Tests.WebConsole;

/// <summary>The console as its user sees it, at any base URL; it collects what the browser complains about.</summary>
public sealed class ConsolePage : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> complaints = [];
    private readonly string address;

    /// <param name="page">An empty page.</param>
    /// <param name="address">Of the server, without a slash at the end.</param>
    public ConsolePage(IPage page, string address)
    {
        Page = page;
        this.address = address;
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning") complaints.Enqueue(message.Text);
        };
        page.PageError += (_, error) => complaints.Enqueue(error);
    }

    /// <summary>The browser's page.</summary>
    public IPage Page { get; }

    /// <summary>
    /// Errors and warnings of the console so far: script errors, failed loads, violations of the content security policy.
    /// </summary>
    public IReadOnlyList<string> Complaints => [.. complaints];

    /// <summary>Text that says whether readings arrive.</summary>
    public ILocator Live => Page.Locator("#live-text");

    /// <summary>Power at the newest reading, without its unit.</summary>
    public ILocator PowerNow => Page.Locator("#now-watts");

    /// <summary>Message that something is wrong.</summary>
    public ILocator Banner => Page.Locator("#banner");

    /// <summary>The curve.</summary>
    public ILocator Chart => Page.Locator("#chart");

    /// <summary>The choice of a building, as a list.</summary>
    public ILocator Building => Page.Locator("#building");

    /// <summary>Closes it, so that it does not go on asking a server that is gone while other tests run.</summary>
    public async ValueTask DisposeAsync() => await Page.Context.DisposeAsync();

    /// <summary>Opens a path of the server.</summary>
    public Task OpenAsync(string path = "/") => Page.GotoAsync(address + path);

    /// <summary>Opens the link that the server prints, and waits until there is something to see.</summary>
    public async Task SignInByLinkAsync(string key)
    {
        await OpenAsync($"/?key={Uri.EscapeDataString(key)}");
        await Assertions.Expect(Page.Locator("#house:visible, #empty:visible")).ToHaveCountAsync(1);
    }

    /// <summary>Fills in the form.</summary>
    public async Task SignInByFormAsync(string key)
    {
        await Page.GetByLabel("API key").FillAsync(key);
        await Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
    }

    /// <summary>Chooses a range: 3h, 12h, 24h, 7d.</summary>
    public async Task ChooseRangeAsync(string range)
    {
        await Page.Locator($"#ranges button[data-range='{range}']").ClickAsync();
        await Assertions.Expect(Page.Locator($"#ranges button[data-range='{range}']")).ToHaveAttributeAsync("aria-pressed", "true");
    }

    /// <summary>The card of an appliance.</summary>
    public ILocator Card(string appliance) => Page.Locator($"#card-{appliance}");

    /// <summary>Value beside a name in the legend, at the crosshair.</summary>
    public ILocator Value(string name) => Page.Locator($"#value-{name}");

    /// <summary>Waits until the curve has more than so many pixels of each named colour, and answers how many of each.</summary>
    /// <param name="atLeast">That many are too few.</param>
    /// <param name="colours">CSS custom properties, such as <c>kettle</c>.</param>
    public async Task<IReadOnlyDictionary<string, int>> UntilDrawnAsync(int atLeast, params string[] colours)
    {
        IReadOnlyDictionary<string, int> pixels = new Dictionary<string, int>();
        await Poll.UntilAsync($"more than {atLeast} pixels are drawn of each colour",
            async () => (pixels = await CountPixelsAsync(colours)).Values.All(count => count > atLeast),
            whatElse: () => string.Join(", ", pixels.Select(colour => $"{colour.Key} {colour.Value}")));
        return pixels;
    }

    private async Task<IReadOnlyDictionary<string, int>> CountPixelsAsync(params string[] colours)
    {
        await Assertions.Expect(Chart.Locator("canvas")).ToBeVisibleAsync();
        return await Page.EvaluateAsync<Dictionary<string, int>>("""
            async names => {
              // A change of the colour scheme is told to the page before its next frame.
              await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
              const canvas = document.querySelector("#chart canvas");
              const readable = (width, height) => new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
              const copy = readable(canvas.width, canvas.height);
              copy.drawImage(canvas, 0, 0);
              const data = copy.getImageData(0, 0, canvas.width, canvas.height).data;
              const probe = readable(1, 1);
              const style = getComputedStyle(document.documentElement);
              return Object.fromEntries(names.map(name => {
                probe.fillStyle = style.getPropertyValue(`--${name}`).trim();
                probe.fillRect(0, 0, 1, 1);
                const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
                let count = 0;
                for (let i = 0; i < data.length; i += 4)
                    if (data[i] === r && data[i + 1] === g && data[i + 2] === b && data[i + 3] === 255) count++;
                return [name, count];
              }));
            }
            """, colours);
    }

    /// <summary>By how many CSS pixels the page is wider than the window.</summary>
    public Task<int> OverflowAsync() =>
        Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - document.documentElement.clientWidth");
}
