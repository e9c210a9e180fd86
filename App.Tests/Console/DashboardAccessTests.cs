using System.Net;
using App.Platform.Auth;
using App.Tests.Engines.Jobs.Api;
using App.Tests.Fixtures;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace App.Tests.WebConsole;

/// <summary>Who gets in and how, and that the dashboard can be used by everybody who does.</summary>
[Collection(BrowserTests.Name)]
public sealed class DashboardAccessTests(Browser browser, JobApi api) : IClassFixture<JobApi>
{
    [Fact]
    public async Task Without_a_key_the_address_leads_to_the_form_and_the_form_back_to_the_address()
    {
        await using var page = new DashboardPage(await browser.NewPageAsync(), api.Host);
        await page.OpenUnsignedAsync("/jobs/list?state=dead&text=ä");
        await page.Page.GetByLabel("API key").FillAsync("wrong");
        await page.Button("Sign in").ClickAsync();
        await Expect(page.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("unknown or revoked");
        await page.Page.GetByLabel("API key").FillAsync(AppHost.AdminKey);
        await page.Button("Sign in").ClickAsync();

        await Expect(page.Live).ToHaveTextAsync("Live");
        Assert.EndsWith("/jobs/list?state=dead&text=%C3%A4", page.Page.Url, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/jobs")]
    [InlineData("/jobs/list")]
    [InlineData("/jobs/17")]
    public async Task Nobody_gets_in_by_where_they_seem_to_come_from_or_with_a_lesser_key(string path)
    {
        using var client = Plain();
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        foreach (var name in (string[])["X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Forwarded-Host"])
            request.Headers.TryAddWithoutValidation(name, name == "Forwarded" ? "for=127.0.0.1" : "127.0.0.1");
        using var answer = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.DoesNotContain("jobs/app.js", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        using var lesser = new HttpRequestMessage(HttpMethod.Get, path);
        lesser.Headers.Add("Cookie", $"{KeyAuthentication.Cookie}={await api.Host.NewKeyAsync("default", Scopes.Read, Scopes.Write)}");
        using var refused = await client.SendAsync(lesser);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.DoesNotContain("jobs/app.js", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("//evil.example")]
    [InlineData("https://evil.example/jobs")]
    [InlineData("/jobsx")]
    [InlineData("/jobs/\r\nSet-Cookie: a=b")]
    [InlineData("/\\evil.example")]
    public async Task Signing_in_leads_to_no_other_site(string next)
    {
        using var client = Plain();
        using var form = new FormUrlEncodedContent([new("key", AppHost.AdminKey), new("next", next)]);
        using var answer = await client.PostAsync("/sign-in", form);
        Assert.Equal((HttpStatusCode.SeeOther, "/"), (answer.StatusCode, answer.Headers.Location!.OriginalString));
    }

    [Theory]
    [InlineData(null, null, HttpStatusCode.Unauthorized)]
    [InlineData("1", "cross-site", HttpStatusCode.Unauthorized)]
    [InlineData("1", "same-site", HttpStatusCode.Unauthorized)]
    [InlineData("1", "same-origin", HttpStatusCode.NotFound)]
    [InlineData("1", null, HttpStatusCode.NotFound)]
    public async Task The_cookie_allows_a_change_only_to_a_page_of_our_own(string? header, string? site, HttpStatusCode status)
    {
        using var client = Plain();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/jobs/999999999/retry");
        request.Headers.Add("Cookie", $"{KeyAuthentication.Cookie}={AppHost.AdminKey}");
        if (header is not null) request.Headers.Add(KeyAuthentication.PageHeader, header);
        if (site is not null) request.Headers.Add("Sec-Fetch-Site", site);
        using var answer = await client.SendAsync(request);
        Assert.Equal(status, answer.StatusCode);
    }

    [Theory]
    [InlineData(360, false)]
    [InlineData(768, true)]
    [InlineData(1280, true)]
    public async Task Every_view_fits_is_legible_and_is_reached_by_keys(int width, bool dark)
    {
        var id = await api.AddAsync("dead", "a.kind.with.a.name.that.is.far.longer.than.anyone.would.wish." + new string('x', 60),
            error: "SomethingVeryLongException: " + new string('y', 300), args: $$"""{"a":"{{new string('z', 300)}}"}""");
        await using var page = new DashboardPage(await browser.NewPageAsync(width, dark: dark), api.Host);
        foreach (var path in (string[])["/jobs", "/jobs/list", "/jobs/list?state=dead", $"/jobs/{id}", "/jobs/schedules"])
        {
            await page.OpenAsync(path);
            await Expect(page.Page.Locator("h1")).ToHaveCountAsync(1);
            Assert.Equal(0, await page.OverflowAsync());
            Assert.Empty(await Contrast.FaultsAsync(page.Page));
        }
        await page.OpenAsync("/jobs/list?state=dead");
        await page.Page.Keyboard.PressAsync("Tab");
        await Expect(page.Page.GetByText("Skip to the content")).ToBeFocusedAsync();
        await page.Rows.First.GetByRole(AriaRole.Link).FocusAsync();
        await page.Page.Keyboard.PressAsync("Enter");
        await Expect(page.Page.Locator("h1")).ToContainTextAsync("a.kind.with");
        await page.Page.GoBackAsync();
        await Expect(page.Page.Locator("h1")).ToHaveTextAsync("Dead jobs");
        Assert.Empty(page.Complaints);
    }

    private HttpClient Plain() =>
        new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = api.Host.Address };
}
