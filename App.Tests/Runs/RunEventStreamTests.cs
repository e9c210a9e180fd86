using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json;
using App.Tests.Fixtures;
using static App.Tests.Runs.RunClient;

namespace App.Tests.Runs;

/// <summary>What happens to a run, as server-sent events.</summary>
public sealed class RunEventStreamTests(RunsHost host) : IClassFixture<RunsHost>
{
    private HttpClient Http => host.Http;

    [Fact]
    public async Task Everything_that_happens_arrives_in_order_and_the_stream_ends_with_the_run()
    {
        var id = await Http.StartRunAsync(Step("a", "transform", new { template = 1 }),
            Step("b", "transform", new { template = 2 }, ["a"]));
        var events = await ReadAsync(id, null);
        Assert.Equal(
            ["run pending", "step a ready", "run running", "step a running 1", "step a succeeded 1", "step b ready", "step b running 1",
                "step b succeeded 1", "run succeeded"],
            events.Select(Text));
        Assert.Equal(Enumerable.Range(1, events.Count).Select(n => n.ToString()), events.Select(e => e.EventId));
        var data = JsonElement.Parse(events[3].Data);
        Assert.Equal(id, data.GetProperty("runId").GetString());
        Assert.Equal(["runId", "step", "status", "attempt", "at"], data.EnumerateObject().Select(property => property.Name));
    }

    [Fact]
    public async Task Who_comes_again_gets_what_followed()
    {
        var run = await Http.RunToEndAsync(Step("a", "transform", new { template = 1 }));
        var id = run.GetProperty("id").GetString()!;
        var all = await ReadAsync(id, null);
        for (var last = 0; last <= all.Count; last++)
            Assert.Equal(all.Skip(last).Select(Text), (await ReadAsync(id, last.ToString())).Select(Text));
        using var wrong = await SendAsync(id, "abc");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, wrong.StatusCode);
    }

    [Fact]
    public async Task An_open_stream_gets_what_happens_while_it_is_open()
    {
        var id = await Http.StartRunAsync(Step("ask", "human.approval", new { }));
        using var response = await SendAsync(id, null);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        await using var stream = await response.Content.ReadAsStreamAsync();
        var seen = new List<string>();
        await foreach (var e in SseParser.Create(stream).EnumerateAsync())
        {
            seen.Add(Text(e));
            if (seen[^1] == "step ask waiting 1")
                using (await Http.PostAsJsonAsync($"/api/runs/{id}/steps/ask/approve", new { approved = true })) { }
        }
        Assert.Equal(
            ["run pending", "step ask ready", "run running", "step ask running 1", "step ask waiting 1", "step ask succeeded 1",
                "run succeeded"], seen);
    }

    [Fact]
    public async Task A_drain_ends_open_streams()
    {
        await using var other = await AppHost.StartAsync();
        var id = await other.Http.StartRunAsync(Step("ask", "human.approval", new { }));
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/runs/{id}/events");
        using var response = await other.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await using var stream = await response.Content.ReadAsStreamAsync();
        var reading = Task.Run(async () => { await foreach (var _ in SseParser.Create(stream).EnumerateAsync()) { } });
        await other.DisposeAsync();
        await reading.WaitAsync(Poll.Patience);
    }

    private static string Text(SseItem<string> e)
    {
        var data = JsonElement.Parse(e.Data);
        var attempt = data.GetProperty("attempt");
        var step = data.GetProperty("step").GetString() is { } name ? " " + name : "";
        var number = attempt.ValueKind == JsonValueKind.Null ? "" : " " + attempt.GetInt32();
        return $"{e.EventType}{step} {data.GetProperty("status").GetString()}{number}";
    }

    private async Task<HttpResponseMessage> SendAsync(string id, string? last)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/runs/{id}/events");
        if (last is not null) request.Headers.Add("Last-Event-ID", last);
        return await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    private async Task<IReadOnlyList<SseItem<string>>> ReadAsync(string id, string? last)
    {
        using var response = await SendAsync(id, last);
        await using var stream = await response.Content.ReadAsStreamAsync();
        var events = new List<SseItem<string>>();
        await foreach (var e in SseParser.Create(stream).EnumerateAsync()) events.Add(e);
        return events;
    }
}
