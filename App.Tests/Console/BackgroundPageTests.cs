using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using App.Engines.Schedules;
using App.Platform.Auth;
using App.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace App.Tests.WebConsole;

/// <summary>Hangfire's pages: who may see and act, and that they work in a browser. No worker runs, so jobs stay as they are.</summary>
[Collection(BrowserTests.Name)]
public sealed class BackgroundPageTests(Browser browser) : IAsyncLifetime
{
    private AppHost host = null!;

    public async Task InitializeAsync() => host = await AppHost.StartAsync();

    public async Task DisposeAsync() => await host.DisposeAsync();

    [Fact]
    public async Task Without_a_key_there_is_the_form_and_only_the_installations_own_organization_gets_in()
    {
        using var nobody = Plain(null);
        using var asked = await nobody.GetAsync("/hangfire/jobs/failed");
        Assert.Equal(HttpStatusCode.Unauthorized, asked.StatusCode);
        Assert.Contains("value=\"/hangfire/jobs/failed\"", WebUtility.HtmlDecode(await asked.Content.ReadAsStringAsync()),
            StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, (await nobody.PostAsync("/hangfire/stats", null)).StatusCode);
        foreach (var key in new[] { await host.NewKeyAsync("somebody", Scopes.Admin),
            await host.NewKeyAsync(Scopes.OperatorsOrganization, Scopes.Ingest) })
        {
            using var other = Plain(key);
            using var refused = await other.GetAsync("/hangfire");
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
            Assert.DoesNotContain("Hangfire",
                (await refused.Content.ReadAsStringAsync()).Replace("/hangfire", "", StringComparison.Ordinal), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_reader_looks_and_does_nothing_and_a_cookie_alone_changes_nothing()
    {
        var job = await EnqueueAsync();
        using var reader = Plain(await host.NewKeyAsync(Scopes.OperatorsOrganization, Scopes.Read));
        var page = await reader.GetStringAsync($"/hangfire/jobs/details/{job}");
        Assert.Contains("PruneFires", page, StringComparison.Ordinal);
        Assert.DoesNotContain("data-ajax", page, StringComparison.Ordinal);
        using var tried = await reader.PostAsync($"/hangfire/jobs/actions/delete/{job}", null);
        Assert.False(tried.IsSuccessStatusCode);

        using var cookie = Plain(null);
        cookie.DefaultRequestHeaders.Add("Cookie", $"{KeyAuthentication.Cookie}={AppHost.AdminKey}");
        Assert.True((await cookie.GetAsync("/hangfire")).IsSuccessStatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await cookie.PostAsync($"/hangfire/jobs/actions/delete/{job}", null)).StatusCode);
        Assert.Equal("Enqueued", await host.ScalarAsync<string>($"select statename from hangfire.job where id = {job}"));
    }

    [Fact]
    public async Task Behind_a_prefix_and_to_a_browser_of_any_language_the_links_are_right_and_the_words_English()
    {
        using var client = Plain(AppHost.AdminKey);
        client.DefaultRequestHeaders.Add("X-Forwarded-Prefix", "/tandem");
        client.DefaultRequestHeaders.AcceptLanguage.ParseAdd("de-DE");
        var page = await client.GetStringAsync("/hangfire/jobs/enqueued");
        Assert.Contains("\"/tandem/hangfire/jobs/", page, StringComparison.Ordinal);
        Assert.Contains("\"/tandem/jobs\"", page, StringComparison.Ordinal);
        Assert.Contains("Back to site", page, StringComparison.Ordinal);
        client.DefaultRequestHeaders.Remove("X-Forwarded-Prefix");
        client.DefaultRequestHeaders.Add("X-Forwarded-Prefix", "//evil.example\"");
        Assert.DoesNotContain("evil", await client.GetStringAsync("/hangfire"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task In_a_browser_statistics_are_live_and_jobs_are_deleted_and_queued_again()
    {
        var job = await EnqueueAsync();
        await host.ExecuteAsync($$"""
            insert into hangfire.jobparameter (jobid, name, value)
                values ({{job}}, 'Progress', '{"fraction":0.4,"text":"two of <b>five</b>"}'),
                    ({{job}}, 'Log', '["12:00:00.000 <img src=x onerror=window.hacked=1>"]')
            """);
        var page = await browser.NewPageAsync();
        await page.Context.AddCookiesAsync(
            [new() { Name = KeyAuthentication.Cookie, Value = AppHost.AdminKey, Url = host.Address.ToString() }]);
        page.Dialog += async (_, question) => await question.AcceptAsync();
        await using var console = new ConsolePage(page, host.Address.ToString().TrimEnd('/'));
        await console.OpenAsync("/jobs/schedules");
        await page.GetByRole(AriaRole.Link, new() { Name = "Background" }).ClickAsync();
        var enqueued = page.Locator("[data-metric='enqueued:count-or-null']").First;
        await Expect(enqueued).ToHaveTextAsync("1");
        await EnqueueAsync();
        await Expect(enqueued).ToHaveTextAsync("2");

        await console.OpenAsync($"/hangfire/jobs/details/{job}");
        await Expect(page.Locator(".attempt-progress")).ToContainTextAsync("40 % two of <b>five</b>");
        await Expect(page.Locator(".attempt-log")).ToContainTextAsync("<img src=x");
        Assert.False(await page.EvaluateAsync<bool>("() => 'hacked' in window"));
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete" }).First.ClickAsync();
        await Poll.UntilAsync("it is deleted", async () => await StateAsync(job) == "Deleted");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Requeue" }).First).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Requeue" }).First.ClickAsync();
        await Poll.UntilAsync("it is queued again", async () => await StateAsync(job) == "Enqueued");
        await page.GetByRole(AriaRole.Link, new() { Name = "Back to site" }).ClickAsync();
        await Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("/jobs$"));
        Assert.Empty(console.Complaints);
    }

    [Fact]
    public async Task Health_shows_servers_queues_failed_and_the_oldest_and_that_nobody_runs_them()
    {
        await EnqueueAsync();
        var part = (await host.Http.GetFromJsonAsync<JsonElement>("/health")).GetProperty("background");
        Assert.Equal(("degraded", "No worker runs the jobs of queue 'upkeep'."),
            (part.GetProperty("status").GetString(), part.GetProperty("note").GetString()));
        var details = part.GetProperty("details");
        Assert.Equal((0, 0L), (details.GetProperty("servers").GetInt32(), details.GetProperty("failed").GetInt64()));
        var queue = Assert.Single(details.GetProperty("queues").EnumerateArray());
        Assert.Equal(("upkeep", 1L, true),
            (queue.GetProperty("name").GetString(), queue.GetProperty("enqueued").GetInt64(),
                queue.GetProperty("oldestEnqueuedSeconds").GetDouble() >= 0));
    }

    private Task<long> EnqueueAsync() =>
        Task.FromResult(host.Services.GetRequiredService<App.Engines.Background.BackgroundJobs>()
            .Enqueue<PruneFires>(job => job.RunAsync(CancellationToken.None)));

    private Task<string> StateAsync(long job) => host.ScalarAsync<string>($"select statename from hangfire.job where id = {job}");

    private HttpClient Plain(string? key)
    {
        var client =
            new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = host.Address };
        if (key is not null) client.DefaultRequestHeaders.Authorization = new("Bearer", key);
        return client;
    }
}
