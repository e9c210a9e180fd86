using App.Tests.Exchange.Messages;
using App.Tests.Fixtures;
using Microsoft.AspNetCore.Http;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace App.Tests.WebConsole;

/// <summary>The page of messages in a browser, on a real server with its worker and an endpoint on loopback.</summary>
[Collection(BrowserTests.Name)]
public sealed class MessagesPageTests(Browser browser)
{
    [Fact]
    public async Task A_message_that_dies_appears_without_a_reload_and_is_sent_again_from_its_page()
    {
        await using var host = await MessageHost.StartAsync();
        var works = false;
        host.Sink.Answer = (_, _, context) =>
        {
            if (works) return Task.CompletedTask;
            context.Response.StatusCode = 500;
            return context.Response.WriteAsync("no room", default);
        };
        await using var page = new DashboardPage(await browser.NewPageAsync(), host.App);
        await page.OpenAsync("/messages?status=dead");
        await Expect(page.Page.Locator("#nothing")).ToBeVisibleAsync();

        var id = await host.PostAsync("webhook", host.UrlOf("/hook"), new { greeting = "Hello" });
        await Expect(page.Rows).ToHaveCountAsync(1);
        await Expect(page.Rows).ToContainTextAsync("It answered 500.");
        await page.Page.GetByRole(AriaRole.Link, new() { Name = host.UrlOf("/hook") }).ClickAsync();
        await Expect(page.Page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex($"/messages/{id}$"));
        await Expect(page.Page.Locator("details")).ToHaveCountAsync(4);
        await Expect(page.Page.GetByRole(AriaRole.Region, new() { Name = "Answer", Exact = true }).First).ToContainTextAsync("no room");
        await Expect(page.Page.GetByRole(AriaRole.Region, new() { Name = "Body" })).ToContainTextAsync("Hello");
        Assert.Equal(0, await page.OverflowAsync());

        works = true;
        await page.Button("Send again").ClickAsync();
        await Expect(page.Toast).ToHaveTextAsync("The message is sent again.");
        await Expect(page.Page.Locator(".title .badge").First).ToHaveTextAsync("delivered");
        await Expect(page.Page.Locator("details")).ToHaveCountAsync(5);
        Assert.Empty(page.Complaints);
    }
}
