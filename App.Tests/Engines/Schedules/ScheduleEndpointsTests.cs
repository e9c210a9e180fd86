using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using App.Tests.Fixtures;

namespace App.Tests.Engines.Schedules;

/// <summary>The product's own schedules, in a worker with the real engines.</summary>
public sealed class ScheduleEndpointsTests : IAsyncLifetime
{
    private const string Key = "schedules.prune";
    private AppHost host = null!;

    public async Task InitializeAsync()
    {
        // Not across the minute in which the plan itself would fire, and the next fires would be others.
        await Poll.UntilAsync("the planned time is not near",
            () => Task.FromResult(TimeProvider.System.GetUtcNow().TimeOfDay.TotalMinutes is < 197 or > 200.5), seconds: 300);
        host = await AppHost.StartAsync(null, ("WORKER_ENABLED", "true"), ("RUN_INITIAL_ANALYSIS", "true"));
        await Poll.UntilAsync("it is declared and run at start", async () => await StatusAsync() == "succeeded");
    }

    public async Task DisposeAsync() => await host.DisposeAsync();

    [Fact]
    public async Task A_schedule_is_listed_run_by_hand_paused_and_resumed()
    {
        var prune = await FindAsync();
        Assert.Equal(("20 3 * * *", "UTC", "PruneFires.RunAsync", "catchUpOnce", "skip", "up"),
            (Text(prune, "cron"), Text(prune, "timeZone"), Text(prune, "jobKind"), Text(prune, "missed"), Text(prune, "overlap"),
                Text(prune, "status")));
        Assert.False(prune.GetProperty("paused").GetBoolean());
        var fires = prune.GetProperty("nextFires").EnumerateArray().Select(fire => fire.GetDateTime()).ToList();
        Assert.Equal(prune.GetProperty("nextRun").GetDateTime(), fires[0]);
        Assert.Equal(Enumerable.Range(0, 5).Select(day => fires[0].AddDays(day)), fires);
        Assert.All(fires, fire => Assert.Equal((DateTimeKind.Utc, "03:20:00"), (fire.Kind, $"{fire:HH:mm:ss}")));

        // What is kept: the last 90 days, the last thousand, and always the last.
        await host.ExecuteAsync($"""
            insert into schedule_fires (key, scheduled_for, reason, fired_at, status) select '{Key}', now() - make_interval(hours => n),
                'planned', now() - make_interval(hours => n), 'succeeded' from generate_series(1, 1500) n;
            update schedule_fires set fired_at = now() - interval '91 days' where scheduled_for > now() - interval '3 hours'
                and reason = 'planned';
            insert into schedules select 'old', cron, time_zone, '', job_kind, job_args, missed, false, false, now(), overlap
                from schedules;
            insert into schedule_fires (key, scheduled_for, reason, fired_at, status)
                values ('old', '2020-01-01', 'planned', '2020-01-01', 'succeeded');
            """);
        using var triggered = await host.Http.PostAsync($"/api/schedules/{Key}/trigger", null);
        Assert.Equal(HttpStatusCode.Accepted, triggered.StatusCode);
        var job = (await triggered.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("backgroundJobId").GetInt64();
        await Poll.UntilAsync("it has run", async () => await LastJobAsync() == job && await StatusAsync() == "succeeded");
        Assert.Equal("1000 1",
            await host.ScalarAsync<string>(
                $"select count(*) filter (where key = '{Key}') || ' ' || count(*) filter (where key = 'old') from schedule_fires"));
        Assert.Equal("0",
            await host.ScalarAsync<string>(
                $"select count(*)::text from schedule_fires where fired_at < now() - interval '90 days' and key = '{Key}'"));

        var last = (await FindAsync()).GetProperty("lastRun");
        Assert.Equal("manual", Text(last, "reason"));
        Assert.InRange(last.GetProperty("durationMs").GetDouble(), 0, 60_000);
        Assert.True(last.GetProperty("startedAt").GetDateTime() <= last.GetProperty("finishedAt").GetDateTime());

        var paused = await SteerAsync("pause");
        Assert.Equal((true, JsonValueKind.Null, "paused"),
            (paused.GetProperty("paused").GetBoolean(), paused.GetProperty("nextRun").ValueKind, Text(paused, "status")));
        await host.ExecuteAsync($"update schedules set planned_through = '2020-01-01' where key = '{Key}'");
        var resumed = await SteerAsync("resume");
        Assert.Equal((false, fires[0], "up"),
            (resumed.GetProperty("paused").GetBoolean(), resumed.GetProperty("nextRun").GetDateTime(), Text(resumed, "status")));
    }

    [Fact]
    public async Task Runs_are_paged_from_the_last()
    {
        for (var i = 0; i < 4; i++) (await host.Http.PostAsync($"/api/schedules/{Key}/trigger", null)).EnsureSuccessStatusCode();
        var (reasons, ids) = (new List<string>(), new List<long>());
        string? cursor = null;
        do
        {
            var page =
                await host.Http.GetFromJsonAsync<JsonElement>(
                    $"/api/schedules/{Key}/runs?limit=2{(cursor is null ? "" : "&cursor=" + cursor)}");
            reasons.AddRange(page.GetProperty("runs").EnumerateArray().Select(run => Text(run, "reason")));
            ids.AddRange(page.GetProperty("runs").EnumerateArray().Select(run => run.GetProperty("id").GetInt64()));
            cursor = page.GetProperty("next").GetString();
        }
        while (cursor is not null);
        Assert.Equal(["manual", "manual", "manual", "manual", "initial"], reasons);
        Assert.Equal(ids.OrderDescending(), ids);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await host.Http.GetAsync($"/api/schedules/{Key}/runs?cursor=x")).StatusCode);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await host.Http.GetAsync("/api/schedules?limit=0")).StatusCode);
    }

    [Fact]
    public async Task Health_tells_of_each_schedule_and_of_one_that_nobody_fires_or_that_fails()
    {
        var part = await HealthAsync();
        Assert.Equal("up", Text(part, "status"));
        var prune = Assert.Single(part.GetProperty("details").EnumerateArray());
        Assert.Equal((Key, "up", "succeeded"), (Text(prune, "key"), Text(prune, "status"), Text(prune.GetProperty("lastRun"), "status")));
        Assert.True(prune.GetProperty("nextRun").GetDateTime() > prune.GetProperty("lastRun").GetProperty("finishedAt").GetDateTime());

        await host.ExecuteAsync(
            $"update schedule_fires set status = 'failed', error = 'a secret of somebody', background_job_id = -1 where key = '{Key}'");
        part = await HealthAsync();
        Assert.Equal(("degraded", "The last run of schedules.prune failed."), (Text(part, "status"), Text(part, "note")));
        Assert.DoesNotContain("somebody", part.ToString());
        // No kind of this process: it is left to others, of whom there are none.
        await host.ExecuteAsync(
            "update schedules set job_args = replace(job_args, 'PruneFires', 'OfAnotherVersion'), "
            + $"planned_through = now() - interval '2 days' where key = '{Key}'");
        Assert.Equal("schedules.prune is overdue: no worker fires it.", Text(await HealthAsync(), "note"));
        using var foreign = await host.Http.PostAsync($"/api/schedules/{Key}/trigger", null);
        Assert.Equal(HttpStatusCode.Conflict, foreign.StatusCode);
    }

    [Fact]
    public async Task Reading_needs_read_and_changing_needs_admin()
    {
        using var reader = host.Client(await host.NewKeyAsync("somebody", "read", "write"));
        using var nobody = host.Client(null);
        foreach (var path in new[] { "/api/schedules", $"/api/schedules/{Key}/runs" })
        {
            Assert.Equal(HttpStatusCode.OK, (await reader.GetAsync(path)).StatusCode);
            Assert.Equal(HttpStatusCode.Unauthorized, (await nobody.GetAsync(path)).StatusCode);
        }
        foreach (var action in new[] { "trigger", "pause", "resume" })
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await reader.PostAsync($"/api/schedules/{Key}/{action}", null)).StatusCode);
            Assert.Equal(HttpStatusCode.NotFound, (await host.Http.PostAsync($"/api/schedules/none/{action}", null)).StatusCode);
        }
        Assert.Equal(HttpStatusCode.NotFound, (await host.Http.GetAsync("/api/schedules/none/runs")).StatusCode);
        await host.ExecuteAsync("update schedules set declared = false");
        Assert.Equal(HttpStatusCode.Conflict, (await host.Http.PostAsync($"/api/schedules/{Key}/trigger", null)).StatusCode);
    }

    private async Task<JsonElement> FindAsync() =>
        (await host.Http.GetFromJsonAsync<JsonElement>("/api/schedules")).GetProperty("schedules")
            .EnumerateArray().FirstOrDefault(schedule => Text(schedule, "key") == Key);

    private async Task<JsonElement> HealthAsync() => (await host.Http.GetFromJsonAsync<JsonElement>("/health")).GetProperty("schedules");

    private async Task<string?> StatusAsync() =>
        await FindAsync() is { ValueKind: JsonValueKind.Object } found
            && found.GetProperty("lastRun") is { ValueKind: JsonValueKind.Object } last ? Text(last, "status") : null;

    private async Task<long> LastJobAsync() => (await FindAsync()).GetProperty("lastRun").GetProperty("backgroundJobId").GetInt64();

    private async Task<JsonElement> SteerAsync(string action)
    {
        using var response = await host.Http.PostAsync($"/api/schedules/{Key}/{action}", null);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;
}
