using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using App.Engines.Jobs;
using App.Platform.Observability;
using App.Tests.Energy.Readings;
using App.Tests.Exchange.Commerce;
using App.Tests.Exchange.Messages;
using App.Tests.Exchange.Webhooks;
using App.Tests.Fixtures;
using App.Tests.Runs;

namespace App.Tests.Platform.Observability;

/// <summary>One trace from what comes in to what comes of it, through stream, queue and other processes' hands.</summary>
public sealed class TraceTests : IAsyncLifetime
{
    private MessageHost host = null!;

    public async Task InitializeAsync() => host = await MessageHost.StartAsync(("PAYSTACK_SECRET_KEY", CommerceHost.Secret));

    public Task DisposeAsync() => host.DisposeAsync().AsTask();

    [Fact]
    public async Task From_a_POST_of_readings_to_its_committed_predictions()
    {
        using var trace = new TestTrace();
        using var request = Traced(trace, "/ingest/readings");
        request.Content = Post.Content(
            Encoding.UTF8.GetBytes(Post.Body(Enumerable.Range(0, 120).Select(i => Post.Item("traced", Post.NewYear + (i * 60_000), 100)))));
        using (var answer = await host.App.Http.SendAsync(request)) Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);

        var path = await trace.PathAsync("the commit of predictions",
            one => one.Source.Name == "Npgsql" && one.Parent?.DisplayName == "disaggregation readings");
        Assert.Equal(["Microsoft.AspNetCore", "Tandem.Readings", "Tandem.Streams", "Npgsql"], path.Select(one => one.Source.Name));
        Assert.True(await host.App.ScalarAsync<long>("select count(*) from predictions") > 0);
    }

    [Fact]
    public async Task From_a_run_to_the_call_of_each_step()
    {
        using var trace = new TestTrace();
        using var request = Traced(trace, "/api/runs");
        request.Content = JsonContent.Create(RunClient.Plan(
            RunClient.Step("a", "http.request", new { url = host.UrlOf("/a") }),
            RunClient.Step("b", "http.request", new { url = host.UrlOf("/b") }, dependsOn: ["a"])));
        using (var answer = await host.App.Http.SendAsync(request)) Assert.Equal(HttpStatusCode.Created, answer.StatusCode);

        var second = await trace.PathAsync("the call of the second step",
            one =>
                one.Source.Name == "System.Net.Http" && one.GetTagItem("url.full") is string url
                    && url.EndsWith("/b", StringComparison.Ordinal));
        Assert.Equal(["Microsoft.AspNetCore", "Tandem.Jobs", "Tandem.Jobs", "Tandem.Runs", "System.Net.Http"],
            second.Select(one => one.Source.Name));
        foreach (var path in new[] { "/a", "/b" })
            Assert.StartsWith($"00-{trace.Id}-", Assert.Single(host.Sink.At(path)).Header("traceparent"), StringComparison.Ordinal);
        Assert.Equal(second[^1].SpanId.ToString(), host.Sink.At("/b")[0].Header("traceparent")!.Split('-')[2]);
    }

    [Fact]
    public async Task From_an_event_of_a_provider_to_the_delivered_message_whose_receiver_is_not_told()
    {
        using (var made = await host.App.Http.PostAsJsonAsync("/api/webhook-endpoints",
            new { url = host.UrlOf("/told"), eventTypes = new[] { "payment.received" } })) made.EnsureSuccessStatusCode();
        await host.App.Http.StockAsync("traced", 1);
        await host.App.Http.ReserveAsync("traced", 1, "traced-1");
        using var trace = new TestTrace();
        using var request = Traced(trace, "/webhooks/paystack");
        var body = JsonSerializer.SerializeToUtf8Bytes(new { @event = "charge.success", data = Sender.Charge("traced-1", 500_00) });
        request.Content = Post.Content(body);
        request.Headers.Add("x-paystack-signature", Sender.Paystack(body));
        using (var answer = await host.App.Http.SendAsync(request)) Assert.Equal(HttpStatusCode.OK, answer.StatusCode);

        var path = await trace.PathAsync("the delivery",
            one =>
                one.Source.Name == "System.Net.Http" && one.GetTagItem("url.full") is string url
                    && url.EndsWith("/told", StringComparison.Ordinal));
        Assert.Equal(["Microsoft.AspNetCore", "Tandem.Jobs", "Tandem.Jobs", "System.Net.Http"], path.Select(one => one.Source.Name));
        Assert.Equal(["job webhook.process", "job message.deliver"],
            path.Where(one => one.Source.Name == "Tandem.Jobs").Select(one => one.DisplayName));
        Assert.Null(Assert.Single(host.Sink.At("/told")).Header("traceparent"));
    }

    [Fact]
    public async Task An_endpoint_that_asks_for_it_is_told_the_trace()
    {
        string id;
        using (var made = await host.App.Http.PostAsJsonAsync("/api/webhook-endpoints",
            new { url = host.UrlOf("/asks"), traceparent = true }))
        {
            var endpoint = await made.Content.ReadFromJsonAsync<JsonElement>();
            Assert.True(endpoint.GetProperty("traceparent").GetBoolean());
            id = endpoint.GetProperty("id").GetString()!;
        }
        using (var trace = new TestTrace())
        {
            await SendAsync(trace);
            await Poll.UntilAsync("it is delivered", () => Task.FromResult(host.Sink.At("/asks").Count == 1));
            Assert.StartsWith($"00-{trace.Id}-", host.Sink.At("/asks")[0].Header("traceparent"), StringComparison.Ordinal);
        }
        using (var changed = await host.App.Http.PatchAsJsonAsync($"/api/webhook-endpoints/{id}", new { traceparent = false }))
            changed.EnsureSuccessStatusCode();
        using (var trace = new TestTrace())
        {
            await SendAsync(trace);
            await Poll.UntilAsync("it is delivered", () => Task.FromResult(host.Sink.At("/asks").Count == 2));
            Assert.Null(host.Sink.At("/asks")[1].Header("traceparent"));
        }

        async Task SendAsync(TestTrace trace)
        {
            using var request = Traced(trace, "/api/messages");
            request.Content = JsonContent.Create(new { channel = "webhook", to = host.UrlOf("/asks"), body = new { a = 1 } });
            using var answer = await host.App.Http.SendAsync(request);
            answer.EnsureSuccessStatusCode();
        }
    }

    [Fact]
    public async Task A_message_that_is_sent_together_with_others_goes_on_in_the_trace_of_its_own_request()
    {
        using var trace = new TestTrace();
        using var request = Traced(trace, "/api/messages");
        request.Content = JsonContent.Create(new { channel = "webhook", to = host.UrlOf("/mine"), body = new { a = 1 } });
        using var answer = await host.App.Http.SendAsync(request);
        await host.PostAsync("webhook", host.UrlOf("/anothers"), new { a = 1 });
        await trace.PathAsync("its delivery",
            one =>
                one.Source.Name == "System.Net.Http" && one.GetTagItem("url.full") is string url
                    && url.EndsWith("/mine", StringComparison.Ordinal));
        Assert.DoesNotContain(trace.Ended,
            one => one.GetTagItem("url.full") is string url && url.EndsWith("/anothers", StringComparison.Ordinal));
    }

    [Fact]
    public void Of_many_causes_the_first_goes_on_and_the_others_are_linked()
    {
        using var source = new ActivitySource("test");
        using var trace = new TestTrace();
        using var another = new TestTrace();
        using var activity = TraceContext.Begin(source, "together",
            [null, trace.Traceparent, "junk", another.Traceparent, trace.Traceparent]);
        Assert.Equal(trace.Id, activity!.TraceId.ToString());
        Assert.Equal(another.Id, Assert.Single(activity.Links).Context.TraceId.ToString());
    }

    [Fact]
    public void Arguments_carry_a_context_only_where_there_is_one()
    {
        const string traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        Assert.Equal("""{"a":1}""", JobTrace.Carry("""{"a":1}""", null));
        Assert.Equal($$"""{"a":1,"traceparent":"{{traceparent}}"}""", JobTrace.Carry("""{"a":1}""", traceparent));
        Assert.Equal($$"""{"traceparent":"{{traceparent}}"}""", JobTrace.Carry("{}", traceparent));
        Assert.Equal("[1]", JobTrace.Carry("[1]", traceparent));
        Assert.Null(new NewJob("k", new { }).Traceparent);
    }

    private static HttpRequestMessage Traced(TestTrace trace, string path) =>
        new(HttpMethod.Post, path) { Headers = { { "traceparent", trace.Traceparent } } };
}
