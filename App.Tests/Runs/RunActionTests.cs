using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using App.Tests.Fixtures;
using Microsoft.AspNetCore.Http;
using static App.Tests.Runs.RunClient;

namespace App.Tests.Runs;

/// <summary>What people do to runs: cancel, retry, approve, list; and that they see only their own.</summary>
public sealed class RunActionTests(RunsHost host) : IClassFixture<RunsHost>
{
    private HttpClient Http => host.Http;

    [Fact]
    public async Task A_cancelled_run_begins_nothing_more_and_stops_what_runs()
    {
        var (began, stopped) = (new TaskCompletionSource(), new TaskCompletionSource());
        host.Stub.Answer = async (_, _, context) =>
        {
            context.RequestAborted.Register(stopped.SetResult);
            began.SetResult();
            await stopped.Task;
        };
        var id = await Http.StartRunAsync(
            Step("long", "http.request", new { url = host.NewPath().Url }),
            Step("after", "delay", new { ms = 0 }, ["long"]),
            Step("wait", "delay", new { ms = 3_600_000 }));
        await began.Task;
        await Http.UntilStepAsync(id, "wait", "waiting");
        Assert.Equal((HttpStatusCode.OK, "cancelled"), await PostAsync($"/api/runs/{id}/cancel"));
        var run = await Http.RunAsync(id);
        Assert.Equal(("cancelled", "cancelled cancelled cancelled"), (run.StatusOf(), run.StepsOf()));
        Assert.Equal("cancelled", run.AttemptsOf("long"));
        await stopped.Task.WaitAsync(Poll.Patience);

        await Poll.UntilAsync("its jobs have ended",
            async () =>
                await host.App.ScalarAsync<long>($"select count(*) from jobs where args like '%{id}%' and finished_at is null") == 0);
        Assert.Equal("cancelled", (await Http.RunAsync(id)).AttemptsOf("long"));
        Assert.Equal((HttpStatusCode.OK, "cancelled"), await PostAsync($"/api/runs/{id}/cancel"));
        Assert.Equal(HttpStatusCode.Conflict, (await PostAsync($"/api/runs/{id}/retry")).Status);
    }

    [Fact]
    public async Task A_failed_run_goes_on_from_where_it_failed()
    {
        var broken = true;
        var ((firstUrl, firstPath), (badUrl, badPath)) = (host.NewPath(), host.NewPath());
        host.Stub.Answer = (request, _, context) =>
            HttpStub.JsonAsync(context, """{"v":1}""", request.Path == badPath && broken ? 400 : 200);
        var run = await Http.RunToEndAsync(
            Step("first", "http.request", new { url = firstUrl }),
            Step("bad", "http.request", new { url = badUrl }, ["first"]),
            Step("last", "transform", new { template = "{{steps.first.output.body.v}}" }, ["bad"]));
        Assert.Equal("succeeded failed skipped", run.StepsOf());
        var id = run.GetProperty("id").GetString()!;

        broken = false;
        Assert.Equal((HttpStatusCode.OK, "running"), await PostAsync($"/api/runs/{id}/retry"));
        run = await Http.UntilAsync(id, "succeeded");
        Assert.Equal("succeeded succeeded succeeded", run.StepsOf());
        Assert.Equal("failed succeeded", run.AttemptsOf("bad"));
        Assert.Equal(1, run.OutputOf("last").GetInt32());
        Assert.Equal(JsonValueKind.Null, run.GetProperty("error").ValueKind);
        Assert.Single(host.Stub.At(firstPath));
        Assert.Single(host.Stub.At(badPath).Select(request => request.Header("Idempotency-Key")).Distinct());
        Assert.Equal(HttpStatusCode.Conflict, (await PostAsync($"/api/runs/{id}/retry")).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await PostAsync($"/api/runs/{id}/cancel")).Status);
    }

    [Fact]
    public async Task An_approval_waits_for_a_person()
    {
        var id = await Http.StartRunAsync(
            Step("ask", "human.approval", new { message = "Send it?", timeoutMs = 3_600_000 }),
            Step("send", "transform", new { template = "{{steps.ask.output.comment}}" }, ["ask"]));
        await Http.UntilStepAsync(id, "ask", "waiting");
        Assert.Equal(0, await host.App.ScalarAsync<long>($"select count(*) from jobs where state = 'running' and args like '%{id}%'"));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await PostAsync($"/api/runs/{id}/steps/ask/approve", new { })).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await PostAsync($"/api/runs/{id}/steps/nobody/approve", new { approved = true })).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await PostAsync($"/api/runs/{id}/steps/send/approve", new { approved = true })).Status);
        Assert.Equal(HttpStatusCode.OK,
            (await PostAsync($"/api/runs/{id}/steps/ask/approve", new { approved = true, comment = "Fine." })).Status);
        var run = await Http.UntilAsync(id, "succeeded");
        Assert.Equal("Fine.", run.OutputOf("send").GetString());
        Assert.Equal("operator", run.OutputOf("ask").GetProperty("by").GetString());
        Assert.Equal("succeeded", run.AttemptsOf("ask"));
        Assert.Equal(HttpStatusCode.Conflict, (await PostAsync($"/api/runs/{id}/steps/ask/approve", new { approved = true })).Status);
        // The job that would have ended the wait is gone.
        Assert.Equal(0, await host.App.ScalarAsync<long>($"select count(*) from jobs where finished_at is null and args like '%{id}%'"));
    }

    [Fact]
    public async Task What_is_not_approved_fails_and_so_does_what_nobody_answers()
    {
        var id = await Http.StartRunAsync(Step("ask", "human.approval", new { }), Step("send", "delay", new { ms = 0 }, ["ask"]));
        await Http.UntilStepAsync(id, "ask", "waiting");
        Assert.Equal(HttpStatusCode.OK,
            (await PostAsync($"/api/runs/{id}/steps/ask/approve", new { approved = false, comment = "Too dear" })).Status);
        var run = await Http.UntilAsync(id, "failed");
        Assert.Equal(("failed skipped", "Not approved: Too dear"), (run.StepsOf(), run.ErrorOf("ask")));

        run = await Http.RunToEndAsync(Step("ask", "human.approval", new { timeoutMs = 50 }));
        Assert.Equal("Nobody approved it within 50 ms (input.timeoutMs).", run.ErrorOf("ask"));
        Assert.Equal("failed", run.AttemptsOf("ask"));
    }

    [Fact]
    public async Task Runs_are_listed_newest_first_page_by_page_and_by_status()
    {
        using var own = host.App.ClientOfItsOwn();
        var ids = new List<string>();
        for (var i = 0; i < 5; i++)
            ids.Add(
                await own.StartRunAsync(
                    i % 2 == 0 ? [] : [Step("ask", "human.approval", new { }), Step("then", "delay", new { ms = 0 }, ["ask"])]));
        foreach (var id in new[] { ids[1], ids[3] }) await own.UntilStepAsync(id, "ask", "waiting");
        Assert.Equal(ids.AsEnumerable().Reverse(), await ListAsync(own, "?limit=2"));
        Assert.Equal([ids[3], ids[1]], await ListAsync(own, "?limit=1&status=running"));
        Assert.Empty(await ListAsync(own, "?status=failed"));
        var newest = (await own.GetFromJsonAsync<JsonElement>("/api/runs?status=running")).GetProperty("runs")[0];
        Assert.Equal("""{"pending":1,"waiting":1}""",
            JsonSerializer.Serialize(newest.GetProperty("steps")
                .EnumerateObject().OrderBy(count => count.Name).ToDictionary(count => count.Name, count => count.Value.GetInt32())));
        foreach (var wrong in new[] { "?status=odd", "?limit=0", "?cursor=x", "?cursor=eA" })
            Assert.Equal(HttpStatusCode.UnprocessableEntity, (await own.GetAsync("/api/runs" + wrong)).StatusCode);
    }

    [Fact]
    public async Task Another_organization_sees_and_touches_nothing()
    {
        using var mine = host.App.ClientOfItsOwn();
        using var other = host.App.ClientOfItsOwn();
        var id = await mine.StartRunAsync(Step("ask", "human.approval", new { }));
        await mine.UntilStepAsync(id, "ask", "waiting");
        Assert.Equal(HttpStatusCode.NotFound, (await other.GetAsync($"/api/runs/{id}")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await other.GetAsync($"/api/runs/{id}/events")).StatusCode);
        foreach (var call in new[] { "cancel", "retry" })
            Assert.Equal(HttpStatusCode.NotFound, (await other.PostAsync($"/api/runs/{id}/{call}", null)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound,
            (await other.PostAsJsonAsync($"/api/runs/{id}/steps/ask/approve", new { approved = true })).StatusCode);
        Assert.Empty(await ListAsync(other, ""));
        Assert.Equal("running", (await mine.RunAsync(id)).StatusOf());
    }

    [Fact]
    public async Task Reading_needs_read_and_sending_needs_write()
    {
        using var reader = host.App.Client(await host.App.NewKeyAsync("scopes", "read"));
        using var writer = host.App.Client(await host.App.NewKeyAsync("scopes", "write"));
        Assert.Equal(HttpStatusCode.Forbidden, (await reader.PostAsJsonAsync("/api/runs", Plan())).StatusCode);
        Assert.Equal(HttpStatusCode.Created, (await writer.PostAsJsonAsync("/api/runs", Plan())).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await writer.GetAsync("/api/runs")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await reader.GetAsync("/api/runs")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await reader.GetAsync("/api/runs/nonsense")).StatusCode);
    }

    private static async Task<IReadOnlyList<string>> ListAsync(HttpClient http, string query)
    {
        var ids = new List<string>();
        string? next = null;
        do
        {
            var page =
                await http.GetFromJsonAsync<JsonElement>(
                    $"/api/runs{query}{(next is null ? "" : (query.Length == 0 ? "?" : "&") + "cursor=" + next)}");
            ids.AddRange(page.GetProperty("runs").EnumerateArray().Select(run => run.GetProperty("id").GetString()!));
            next = page.GetProperty("next").GetString();
        }
        while (next is not null);
        return ids;
    }

    private async Task<(HttpStatusCode Status, string? RunStatus)> PostAsync(string path, object? body = null)
    {
        using var response = await Http.PostAsJsonAsync(path, body ?? new { });
        var json = await response.Content.ReadFromJsonAsync<JsonElement>();
        return (response.StatusCode,
            json.TryGetProperty("status", out var status) && status.ValueKind == JsonValueKind.String ? status.GetString() : null);
    }
}
