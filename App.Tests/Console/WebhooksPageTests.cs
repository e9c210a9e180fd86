using System.Net;
using App.Tests.Exchange.Commerce;
using App.Tests.Exchange.Webhooks;
using App.Tests.Fixtures;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace App.Tests.WebConsole;

/// <summary>The events of providers in a browser, on a real server whose worker processes them.</summary>
[Collection(BrowserTests.Name)]
public sealed class WebhooksPageTests(Browser browser) : IAsyncLifetime
{
    private AppHost app = null!;

    public async Task InitializeAsync() => app = await CommerceHost.StartAsync();

    public Task DisposeAsync() => app.DisposeAsync().AsTask();

    [Fact]
    public async Task Events_appear_are_opened_and_replayed()
    {
        await using var page = await OpenAsync("/webhooks");
        await Expect(page.Page.Locator("#nothing")).ToBeVisibleAsync();
        await app.PaystackSaysAsync("charge.success", Sender.Charge("order-<b>7</b>", 100));
        await app.KorapaySaysAsync("charge.success", new { reference = "odd", amount = -1, currency = "NGN" });
        await Expect(page.Rows).ToHaveCountAsync(2);
        await page.Page.GetByRole(AriaRole.Link, new() { Name = "Failed" }).ClickAsync();
        await Expect(page.Rows).ToHaveCountAsync(1);
        await Expect(page.Rows).ToContainTextAsync("korapay charge.success");
        await Expect(page.Rows).ToContainTextAsync("'amount' is no amount of money");
        await page.Page.GetByRole(AriaRole.Link, new() { Name = "all", Exact = true }).ClickAsync();
        await Expect(page.Rows).ToHaveCountAsync(2);
        await page.Page.GetByRole(AriaRole.Link, new() { Name = "paystack", Exact = true }).ClickAsync();
        await Expect(page.Rows).ToHaveCountAsync(1);
        await page.Rows.GetByRole(AriaRole.Link).ClickAsync();

        await Expect(page.Page.Locator("h1")).ToHaveTextAsync("charge.success");
        await Expect(page.Page.Locator("#body")).ToContainTextAsync("order-\\u003Cb\\u003E7");
        await Expect(page.Page.Locator("main")).ToContainTextAsync("x-paystack-signature");
        await Expect(page.Page.Locator(".facts")).ToContainTextAsync("Attempts1");
        await page.Button("Replay").ClickAsync();
        await Expect(page.Toast).ToContainTextAsync("is processed again");
        await Expect(page.Page.Locator(".facts")).ToContainTextAsync("Attempts2");
        await Expect(page.Page.Locator("main")).ToContainTextAsync("is known");
        Assert.Empty(page.Complaints);
    }

    [Fact]
    public async Task Without_a_key_the_page_leads_to_the_form_and_back_and_providers_are_not_disturbed()
    {
        await using var page = new DashboardPage(await browser.NewPageAsync(), app);
        await page.OpenUnsignedAsync("/webhooks?state=failed");
        await page.Page.GetByLabel("API key").FillAsync(AppHost.AdminKey);
        await page.Button("Sign in").ClickAsync();
        await Expect(page.Live).ToHaveTextAsync("Live");
        Assert.EndsWith("/webhooks?state=failed", page.Page.Url, StringComparison.Ordinal);

        using var client = app.Client(null);
        using var challenge =
            await client.GetAsync($"/webhooks/whatsapp?hub.mode=subscribe&hub.verify_token={CommerceHost.VerifyToken}&hub.challenge=42");
        Assert.Equal((HttpStatusCode.OK, "42"), (challenge.StatusCode, await challenge.Content.ReadAsStringAsync()));
    }

    [Theory]
    [InlineData(360, false)]
    [InlineData(1280, true)]
    public async Task Both_views_fit_and_are_legible(int width, bool dark)
    {
        await app.PaystackSaysAsync("charge.success", new { reference = new string('x', 180), amount = "much", currency = "NGN" });
        await app.ProcessedAsync();
        await using var page = new DashboardPage(await browser.NewPageAsync(width, dark: dark), app);
        foreach (var path in (string[])["/webhooks", "/webhooks?state=failed", "/webhooks/1", "/webhooks/99"])
        {
            await page.OpenAsync(path);
            await Expect(page.Page.Locator("h1")).ToHaveCountAsync(1);
            Assert.Equal(0, await page.OverflowAsync());
            Assert.Empty(await Contrast.FaultsAsync(page.Page));
        }
    }

    private async Task<DashboardPage> OpenAsync(string path)
    {
        var page = new DashboardPage(await browser.NewPageAsync(), app);
        await page.OpenAsync(path);
        return page;
    }
}
