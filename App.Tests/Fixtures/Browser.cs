using Microsoft.Playwright;

namespace App.Tests.Fixtures;

/// <summary>
/// One Chromium for all browser tests, driven by Playwright; each page gets a context, and so cookies, of its own.
/// Chromium is that of <c>CHROMIUM_PATH</c>, of Debian's package or of <c>PATH</c>.
/// </summary>
public sealed class Browser : IAsyncLifetime
{
    private static readonly string[] Flags =
    [
        "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--enable-unsafe-swiftshader",
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync",
    ];

    // Milliseconds. A machine under load draws late; what is awaited comes at once or not at all.
    private const float Patience = 120_000;

    private IPlaywright? playwright;
    private IBrowser? browser;

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        BrowserDriver.Prepare();
        Assertions.SetDefaultExpectTimeout(Patience);
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = Executable(), Args = Flags, Timeout = Patience });
    }

    /// <summary>An empty page in a new context.</summary>
    /// <param name="width">CSS pixels.</param>
    /// <param name="height">CSS pixels.</param>
    /// <param name="dark">What the user prefers.</param>
    /// <param name="scale">Device pixels to a CSS pixel.</param>
    public async Task<IPage> NewPageAsync(int width = 1280, int height = 900, bool dark = false, float scale = 1)
    {
        var context = await browser!.NewContextAsync(new()
        {
            ViewportSize = new() { Width = width, Height = height },
            ColorScheme = dark ? ColorScheme.Dark : ColorScheme.Light,
            ReducedMotion = ReducedMotion.Reduce,
            DeviceScaleFactor = scale,
            TimezoneId = "Europe/Berlin",
        });
        context.SetDefaultTimeout(Patience);
        return await context.NewPageAsync();
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (browser is not null) await browser.DisposeAsync();
        playwright?.Dispose();
    }

    private static string Executable()
    {
        var onPath = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .SelectMany(folder =>
                (string[])[Path.Combine(folder, "chromium"), Path.Combine(folder, "chromium-browser"),
                    Path.Combine(folder, "google-chrome")]);
        string?[] candidates = [Environment.GetEnvironmentVariable("CHROMIUM_PATH"), "/usr/bin/chromium", .. onPath,
            "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"];
        return candidates.FirstOrDefault(File.Exists)
            ?? throw new InvalidOperationException(
                "Browser tests need Chromium: install it ('apt-get install chromium') or set CHROMIUM_PATH to its executable.");
    }
}

/// <summary>The tests that share the browser; they run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class BrowserTests : ICollectionFixture<Browser>
{
    /// <summary>Name of the collection.</summary>
    public const string Name = "browser";
}
