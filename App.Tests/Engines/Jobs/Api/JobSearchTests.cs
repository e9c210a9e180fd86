using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using App.Tests.Fixtures;

namespace App.Tests.Engines.Jobs.Api;

/// <summary>Lists find jobs by everything that is known of them, the newest first, and page by cursor.</summary>
public sealed class JobSearchTests(JobApi api) : IClassFixture<JobApi>
{
    [Fact]
    public async Task A_list_shows_jobs_of_every_state_newest_first_and_pages_without_gap_or_double()
    {
        var kind = Name();
        var added = new List<long>();
        foreach (var state in (string[])["queued", "scheduled", "waiting", "running", "dead", "cancelled"])
            added.Add(await api.AddAsync(state, kind));
        added.Add(await api.AddDoneAsync(kind));
        added.Reverse();

        Assert.Equal(added, await api.IdsAsync($"?kind={kind}"));
        var seen = new List<long>();
        string? cursor = "";
        while (cursor is not null)
        {
            var page = await api.GetAsync($"/api/jobs?kind={kind}&limit=2{(cursor.Length > 0 ? "&cursor=" + cursor : "")}");
            seen.AddRange(page.GetProperty("jobs").EnumerateArray().Select(job => job.GetProperty("id").GetInt64()));
            cursor = page.GetProperty("next").GetString();
        }
        Assert.Equal(added, seen);
    }

    [Fact]
    public async Task Each_filter_finds_its_job_and_no_other()
    {
        var kind = Name();
        var plain = await api.AddAsync("queued", kind);
        var dead = await api.AddAsync("dead", kind, error: "SMTP server said: 100% \"full_box\"", args: "{\"to\":\"M\\u00FCller\"}",
            more: "unique_key = 'mail:7', finished_at = '2020-01-02T00:00:00Z', created_at = '2020-01-01T00:00:00Z'");
        var keyed = await api.AddAsync("queued", kind + ".sub", organization: "other",
            more: """order_key = 'house:1', limits = '[{"key":"line:5","concurrency":1}]', queue = 'mails'""");
        var done = await api.AddDoneAsync(kind);

        Assert.Equal([dead], await api.IdsAsync($"?kind={kind}&state=dead"));
        Assert.Equal([done], await api.IdsAsync($"?kind={kind}&state=succeeded"));
        Assert.Equal([done, dead, plain], await api.IdsAsync($"?kind={kind}"));
        Assert.Equal([done, keyed, dead, plain], await api.IdsAsync($"?kind={kind}*"));
        Assert.Equal([keyed], await api.IdsAsync($"?kind={kind}*&organization=other"));
        Assert.Equal([keyed], await api.IdsAsync($"?kind={kind}*&queue=mails"));
        foreach (var key in (string[])["house:1", "line:5"]) Assert.Equal([keyed], await api.IdsAsync($"?key={key}"));
        Assert.Equal([dead], await api.IdsAsync("?key=mail:7"));
        Assert.Equal([dead], await api.IdsAsync($"?kind={kind}&error={Uri.EscapeDataString("100% \"FULL_box")}"));
        Assert.Empty(await api.IdsAsync($"?kind={kind}&error=100_"));
        Assert.Equal([dead], await api.IdsAsync($"?kind={kind}&text={Uri.EscapeDataString("müller".Replace('m', 'M'))}"));
        Assert.Equal([dead], await api.IdsAsync($"?kind={kind}&text=smtp"));
        Assert.Equal([dead], await api.IdsAsync($"?kind={kind}&createdTo=2020-01-01T00:00:01Z"));
        Assert.Equal([dead], await api.IdsAsync($"?kind={kind}&finishedFrom=2020-01-02T00:00:00Z&finishedTo=2020-01-02T00:00:01Z"));
        Assert.Equal([done], await api.IdsAsync($"?id={done}"));
        Assert.Empty(await api.IdsAsync($"?id={long.MaxValue}"));
    }

    [Fact]
    public async Task Ids_that_are_far_apart_are_no_hindrance()
    {
        var kind = Name();
        var first = await api.AddAsync("queued", kind);
        await api.Host.ExecuteAsync(
            "select setval(pg_get_serial_sequence('jobs', 'id'), nextval(pg_get_serial_sequence('jobs', 'id')) + 2000000000)");
        var last = await api.AddAsync("queued", kind);

        Assert.Equal([last, first], await api.IdsAsync($"?kind={kind}"));
    }

    [Theory]
    [InlineData("state=broken", "state")]
    [InlineData("id=x", "id")]
    [InlineData("createdFrom=yesterday", "createdFrom")]
    [InlineData("kind=%00", "kind")]
    [InlineData("cursor=eA", "cursor")]
    [InlineData("limit=0", "limit")]
    public async Task What_is_wrong_with_a_question_is_named(string query, string field)
    {
        using var answer = await api.Host.Http.GetAsync($"/api/jobs?{query}");

        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        Assert.Equal(field,
            (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors")[0].GetProperty("field").GetString());
    }

    [Fact]
    public async Task An_organization_sees_its_own_jobs_alone()
    {
        var organization = "org" + Guid.NewGuid().ToString("N");
        var own = await api.AddAsync("dead", organization: organization);
        var others = await api.AddAsync("dead", organization: "somebody");
        var ours = await api.AddAsync("dead", organization: "");
        var theirDone = await api.AddDoneAsync(organization: "somebody");
        using var tenant = api.Host.Client(Jwt.Of(organization, "admin"));

        Assert.Equal([own], await api.IdsAsync("", tenant));
        Assert.Equal([own], await api.IdsAsync("?organization=somebody", tenant));
        Assert.Equal([own], await api.IdsAsync("?organization=", tenant));
        foreach (var id in (long[])[others, ours, theirDone])
        {
            foreach (var (method, path) in new[] { (HttpMethod.Get, ""), (HttpMethod.Post, "/retry"), (HttpMethod.Post, "/cancel"),
                (HttpMethod.Delete, "") })
            {
                using var request = new HttpRequestMessage(method, $"/api/jobs/{id}{path}");
                using var answer = await tenant.SendAsync(request);
                Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
            }
        }
        using var bulk = await tenant.PostAsJsonAsync("/api/jobs/redrive", new { state = "dead" });
        Assert.Equal(1, (await bulk.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("redriven").GetInt32());
        Assert.Equal(("queued", "dead", "dead"), (await api.StateAsync(own), await api.StateAsync(others), await api.StateAsync(ours)));
        var overview = await api.GetAsync("/api/jobs/overview", tenant);
        Assert.Equal(1, overview.GetProperty("states").GetProperty("queued").GetInt32());
        Assert.Equal(0, overview.GetProperty("minutes").GetArrayLength());
        using var pause = await tenant.PostAsync("/api/queues/default/pause", null);
        Assert.Equal(HttpStatusCode.Forbidden, pause.StatusCode);
    }

    private static string Name() => "k" + Guid.NewGuid().ToString("N");
}
