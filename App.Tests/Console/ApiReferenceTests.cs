using App.Tests.Fixtures;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace App.Tests.WebConsole;

/// <summary>The API reference, as a visitor without a key sees it.</summary>
[Collection(BrowserTests.Name)]
public sealed class ApiReferenceTests(Browser browser, AppHost host) : IClassFixture<AppHost>
{
    [Fact]
    public async Task It_shows_the_operations_and_asks_nobody_else()
    {
        var page = await browser.NewPageAsync();
        await using var context = page.Context;
        var (asked, complaints) = (new List<Uri>(), new List<string>());
        page.Request += (_, request) => asked.Add(new Uri(request.Url));
        page.Console += (_, message) =>
        {
            if (message.Type == "error") complaints.Add(message.Text);
        };

        await page.GotoAsync(new Uri(host.Address, "/scalar").ToString());
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Send readings", Exact = true }).First).ToBeVisibleAsync();
        await Expect(page.GetByText("All or nothing; answered when durable.").First).ToBeVisibleAsync();

        Assert.All(asked, uri => Assert.True(uri.Scheme is "data" or "blob" || uri.Authority == host.Address.Authority, uri.ToString()));
        Assert.Empty(complaints);
    }

    [Fact]
    public async Task It_runs_only_what_this_server_sends()
    {
        using var nobody = host.Client(null);
        using var first = await nobody.GetAsync("/scalar/");
        using var second = await nobody.GetAsync("/scalar/");

        var policy = Assert.Single(first.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("default-src 'self'", policy);
        Assert.Contains("frame-ancestors 'none'", policy);
        Assert.NotEqual(policy, Assert.Single(second.Headers.GetValues("Content-Security-Policy")));
    }
}
