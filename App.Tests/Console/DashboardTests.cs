using System.Net.Http.Json;
using App.Tests.Engines.Jobs.Api;
using App.Tests.Fixtures;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace App.Tests.WebConsole;

/// <summary>The dashboard in a browser, on a real server and database; no worker runs, so jobs stay as the test puts them.</summary>
[Collection(BrowserTests.Name)]
public sealed class DashboardTests(Browser browser) : IAsyncLifetime
{
    private readonly JobApi api = new();

    public Task InitializeAsync() => api.InitializeAsync();

    public Task DisposeAsync() => api.DisposeAsync();

    [Fact]
    public async Task The_overview_shows_throughput_queues_and_what_each_worker_runs()
    {
        // Each of the last sixty minutes and of the next thirty has its ends: whichever is the current one when the page looks.
        await api.Host.ExecuteAsync("""
            insert into job_workers (process, concurrency, lease_expires_at) values ('worker-a/17', 8, now() + interval '1 hour');
            insert into job_minutes select date_trunc('minute', now()) - n * interval '1 minute', 'mail.send', 'succeeded', 600, 3
                from generate_series(-30, 59) n;
            insert into job_minutes values (date_trunc('minute', now()) - interval '10 minutes', 'mail.send', 'retry', 25, 1)
            """);
        var running = await api.AddAsync("running", "mail.send", more: "progress = 0.4, progress_text = 'two of five'");
        await api.AddAsync("queued", more: "created_at = now() - interval '3 hours'");
        await using var page = await OpenAsync("/jobs");

        await Expect(page.Page.Locator(".workers")).ToContainTextAsync("worker-a/17");
        await Expect(page.Page.Locator(".workers")).ToContainTextAsync($"#{running} mail.send");
        await Expect(page.Page.Locator(".workers")).ToContainTextAsync("two of five");
        await Expect(page.Page.GetByRole(AriaRole.Row, new() { Name = "default" })).ToContainTextAsync("3.0\u00a0h");
        await Expect(page.Page.Locator(".figures")).ToContainTextAsync("10.0");
        await Expect(page.Page.Locator("#rate"))
            .ToHaveAttributeAsync("aria-label", "36,000 attempts succeeded and 25 failed in the last hour");
        await Expect(page.Page.Locator("#rate canvas")).ToBeVisibleAsync();
        await page.Page.GetByRole(AriaRole.Link, new() { Name = "Day" }).ClickAsync();
        await Expect(page.Page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("span=day"));
        await Expect(page.Page.Locator("#rate canvas")).ToBeVisibleAsync();
        Assert.Empty(page.Complaints);
    }

    [Fact]
    public async Task A_job_that_fails_appears_without_a_reload()
    {
        await using var page = await OpenAsync("/jobs/list?state=dead");
        await Expect(page.Page.Locator("#nothing")).ToBeVisibleAsync();
        await page.Page.EvaluateAsync("() => { window.sameDocument = true; }");

        var id = await api.AddAsync("dead", "mail.send", error: "SmtpException: mailbox full\n   at Mail.Send()");

        await Expect(page.Rows).ToHaveCountAsync(1);
        await Expect(page.Rows).ToContainTextAsync($"#{id} mail.send");
        await Expect(page.Rows).ToContainTextAsync("SmtpException: mailbox full");
        Assert.True(await page.Page.EvaluateAsync<bool>("() => window.sameDocument === true"));
        Assert.Empty(page.Complaints);
    }

    [Fact]
    public async Task Search_finds_by_error_kind_key_and_time_and_its_address_can_be_shared()
    {
        var found = await api.AddAsync("dead", "mail.send", error: "mailbox of Ada is full", args: """{"to":"ada@example.org"}""");
        await api.AddAsync("dead", "mail.send", error: "timeout");
        var keyed = await api.AddAsync("queued", "report.make", more: "order_key = 'house:7'");
        await using var page = await OpenAsync("/jobs/list");
        await Expect(page.Rows).ToHaveCountAsync(3);

        await page.Page.Keyboard.PressAsync("/");
        await page.Page.Keyboard.TypeAsync("MAILBOX");
        await Expect(page.Rows).ToHaveCountAsync(1);
        await Expect(page.Rows).ToContainTextAsync($"#{found}");
        await Expect(page.Page.Locator("#text")).ToBeFocusedAsync();
        await Expect(page.Page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("MAILBOX"));
        var shared = page.Page.Url;
        await page.Page.Locator("#text").FillAsync("ada@example");
        await Expect(page.Page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("ada%40example"));
        await Expect(page.Rows).ToHaveCountAsync(1);
        await page.Page.GetByRole(AriaRole.Link, new() { Name = "Clear the search" }).ClickAsync();
        await Expect(page.Rows).ToHaveCountAsync(3);
        await page.Page.GetByText("More filters").ClickAsync();
        await page.Page.GetByLabel("Unique, order or limit key").FillAsync("house:7");
        await Expect(page.Rows).ToHaveCountAsync(1);
        await Expect(page.Rows).ToContainTextAsync($"#{keyed}");

        await using var other = await OpenAsync(new Uri(shared).PathAndQuery);
        await Expect(other.Rows).ToHaveCountAsync(1);
        await Expect(other.Page.Locator("#text")).ToHaveValueAsync("MAILBOX");
        await other.OpenAsync($"/jobs/list?createdFrom=2100-01-01T00:00");
        await Expect(other.Page.Locator("#nothing")).ToBeVisibleAsync();
        Assert.Empty(page.Complaints);
    }

    [Fact]
    public async Task One_job_shows_its_errors_and_is_retried_cancelled_and_deleted_from_the_page()
    {
        var id = await api.AddAsync("dead", "mail.send", error: "InvalidOperationException: no route\n   at Mail.Send() in Mail.cs:line 12",
            args: """{"to":"ada"}""");
        await api.Host.ExecuteAsync($"insert into job_log (job_id, attempt, line) values ({id}, 1, 'asking the server')");
        await using var page = await OpenAsync($"/jobs/{id}");
        await Expect(page.Page.Locator("details.error pre")).ToContainTextAsync("Mail.cs:line 12");
        await Expect(page.Page.Locator(".log")).ToContainTextAsync("asking the server");
        await Expect(page.Page.GetByRole(AriaRole.Region, new() { Name = "Arguments" })).ToContainTextAsync("\"to\": \"ada\"");

        await page.Button("Retry").ClickAsync();
        await Expect(page.Toast).ToHaveTextAsync($"Job {id} is queued.");
        await Expect(page.Page.Locator(".title .badge")).ToHaveTextAsync("queued");
        Assert.Equal("queued", await api.StateAsync(id));
        await page.Button("Cancel").ClickAsync();
        await page.Button("No, leave it").ClickAsync();
        Assert.Equal("queued", await api.StateAsync(id));
        await page.Button("Cancel").ClickAsync();
        await page.Button("Cancel the job").ClickAsync();
        await Expect(page.Page.Locator(".title .badge")).ToHaveTextAsync("cancelled");
        await page.Button("Delete").First.ClickAsync();
        await page.Page.Locator("#confirm-yes").ClickAsync();
        await Expect(page.Page.Locator("h1")).ToHaveTextAsync($"There is no job {id}");
        Assert.All(page.Complaints, complaint => Assert.Contains("404", complaint, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Many_are_retried_by_filter_after_a_confirmation_that_says_which()
    {
        for (var i = 0; i < 3; i++) await api.AddAsync("dead", "mail.send", error: "timeout");
        var other = await api.AddAsync("dead", "report.make", error: "timeout");
        await using var page = await OpenAsync("/jobs/list?state=dead&kind=mail.send");
        await Expect(page.Rows).ToHaveCountAsync(3);

        await page.Button("Retry all of these …").ClickAsync();
        await Expect(page.Page.Locator("#confirm-text")).ToContainTextAsync("state “dead”, kind “mail.send”");
        await page.Button("Retry all").ClickAsync();

        await Expect(page.Toast).ToHaveTextAsync("3 jobs queued again.");
        await Expect(page.Page.Locator("#nothing")).ToBeVisibleAsync();
        Assert.Equal("dead", await api.StateAsync(other));
        Assert.Empty(page.Complaints);
    }

    [Fact]
    public async Task A_queue_is_paused_and_resumed()
    {
        await api.AddAsync("queued");
        await using var page = await OpenAsync("/jobs");

        await page.Button("Pause queue default").ClickAsync();
        await Expect(page.Page.GetByRole(AriaRole.Row, new() { Name = "default" }).Locator(".badge")).ToHaveTextAsync("paused");
        Assert.True(await api.Host.ScalarAsync<bool>("select paused_at is not null from job_queues where name = 'default'"));
        await page.Button("Resume queue default").ClickAsync();
        await Expect(page.Button("Pause queue default")).ToBeVisibleAsync();
        Assert.Empty(page.Complaints);
    }

    [Fact]
    public async Task Markup_in_a_kind_an_error_arguments_or_a_queue_stays_text()
    {
        const string Attack = "<img src=x onerror=\"window.hacked=1\"><script>window.hacked=1</script>";
        var id = await api.AddAsync("dead", Attack, organization: "<b>org</b>", error: Attack + "\n" + Attack,
            args: $$"""{"a":"{{Attack.Replace("\"", "\\\"")}}"}""", more: "queue = '<i>q</i>', progress_text = '<u>x</u>'");
        await api.Host.ExecuteAsync($"insert into job_log (job_id, attempt, line) values ({id}, 1, '<img src=x onerror=window.hacked=1>')");
        foreach (var path in (string[])["/jobs", "/jobs/list", $"/jobs/{id}", $"/jobs/list?text={Uri.EscapeDataString(Attack)}"])
        {
            await using var page = await OpenAsync(path);
            await Expect(page.Page.Locator("#main")).ToContainTextAsync(path == "/jobs" ? "<i>q</i>" : "<img src=x");
            Assert.False(
                await page.Page.EvaluateAsync<bool>(
                    "() => 'hacked' in window || document.querySelector('main img, main script, main b, main i, main u') !== null"));
            Assert.Empty(page.Complaints);
        }
    }

    [Fact]
    public async Task Schedules_and_runs_say_when_there_are_none()
    {
        foreach (var path in (string[])["/jobs/schedules", "/jobs/runs"])
        {
            await using var page = await OpenAsync(path);
            await Expect(page.Page.Locator("#nothing")).ToHaveTextAsync("There are none.");
        }
    }

    [Fact]
    public async Task A_run_is_drawn_as_a_graph_whose_steps_can_be_opened_and_follows_what_becomes_of_it()
    {
        using var answer = await api.Host.Http.PostAsJsonAsync("/api/runs", new
        {
            plan = new
            {
                goal = "Report on <b>h1</b>",
                steps = new object[]
                {
                    new { name = "fetch", handler = "delay", input = new { ms = 1 }, dependsOn = Array.Empty<string>() },
                    new { name = "left", handler = "delay", input = new { ms = 1 }, dependsOn = (string[])["fetch"] },
                    new { name = "right", handler = "delay", input = new { ms = 1 }, dependsOn = (string[])["fetch"] },
                    new { name = "join", handler = "delay", input = new { ms = 1 }, dependsOn = (string[])["left", "right"] },
                },
            },
        });
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        await using var page = await OpenAsync("/jobs/runs");
        await page.Page.GetByRole(AriaRole.Link, new() { Name = "Report on <b>h1</b>" }).ClickAsync();

        await Expect(page.Page.Locator(".graph .step")).ToHaveCountAsync(4);
        await Expect(page.Page.Locator(".graph path")).ToHaveCountAsync(4);
        var (fetch, join) = (await page.Page.Locator(".graph .step[data-key=fetch]").BoundingBoxAsync(),
            await page.Page.Locator(".graph .step[data-key=join]").BoundingBoxAsync());
        Assert.True(fetch!.X < join!.X);
        await page.Page.Locator(".graph .step[data-key=left]").FocusAsync();
        await page.Page.Keyboard.PressAsync("Enter");
        await Expect(page.Page.Locator("#step-title")).ToHaveTextAsync("left");
        await page.Button("Cancel").ClickAsync();
        await page.Button("Cancel the run").ClickAsync();
        await Expect(page.Page.Locator(".graph .step[data-state=cancelled]")).ToHaveCountAsync(4);
        Assert.Empty(page.Complaints);
    }

    [Fact]
    public async Task A_schedule_shows_when_it_fires_and_is_paused_and_resumed()
    {
        await api.Host.ExecuteAsync(
            "insert into schedules (key, cron, time_zone, description, job_kind, job_args, missed, declared, planned_through) "
            + "values ('weather.hourly', '0 0 * * * ?', 'Europe/Berlin', 'Fetches the weather', 'weather.fetch', '{}', 'skip', true, "
            + "now())");
        await using var page = await OpenAsync("/jobs/schedules");
        await Expect(page.Rows).ToContainTextAsync("weather.hourly");
        await Expect(page.Rows).ToContainTextAsync("0 0 * * * ?");

        await page.Button("Pause weather.hourly").ClickAsync();
        await Expect(page.Rows.Locator(".badge").First).ToHaveTextAsync("paused");
        await page.Button("Resume weather.hourly").ClickAsync();
        await Expect(page.Button("Pause weather.hourly")).ToBeVisibleAsync();
        await page.Page.GetByRole(AriaRole.Link, new() { Name = "weather.hourly" }).ClickAsync();
        await Expect(page.Page.Locator("#history-title")).ToHaveTextAsync("History of weather.hourly");
        Assert.Empty(page.Complaints);
    }

    private async Task<DashboardPage> OpenAsync(string path)
    {
        var page = new DashboardPage(await browser.NewPageAsync(), api.Host);
        await page.OpenAsync(path);
        return page;
    }
}
