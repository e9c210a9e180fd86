using App.Tests.Fixtures;
using Microsoft.Playwright;

namespace App.Tests.WebConsole;

/// <summary>The dashboard of jobs as the operator sees it; it collects what the browser complains about.</summary>
public sealed class DashboardPage(IPage page, AppHost host) : IAsyncDisposable
{
    private readonly ConsolePage console = new(page, host.Address.ToString().TrimEnd('/'));

    /// <summary>The browser's page.</summary>
    public IPage Page => page;

    /// <summary>Errors and warnings of the console: script errors, failed loads, violations of the content security policy.</summary>
    public IReadOnlyList<string> Complaints => console.Complaints;

    /// <summary>Whether it is being refreshed.</summary>
    public ILocator Live => console.Live;

    /// <summary>What a button came to.</summary>
    public ILocator Toast => page.Locator("#toast");

    /// <summary>Rows of jobs, schedules or runs.</summary>
    public ILocator Rows => page.Locator("table.jobs tbody tr");

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => console.DisposeAsync();

    /// <summary>Opens an address with the operator's cookie.</summary>
    public async Task OpenAsync(string path)
    {
        await page.Context.AddCookiesAsync([new() { Name = "tandem_key", Value = AppHost.AdminKey, Url = host.Address.ToString() }]);
        await console.OpenAsync(path);
        await Assertions.Expect(Live).ToHaveTextAsync("Live");
    }

    /// <summary>Opens an address as it is.</summary>
    public Task OpenUnsignedAsync(string path) => console.OpenAsync(path);

    /// <summary>A button by its name.</summary>
    public ILocator Button(string name) => page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    /// <summary>By how many CSS pixels the page is wider than the window.</summary>
    public Task<int> OverflowAsync() => console.OverflowAsync();
}
