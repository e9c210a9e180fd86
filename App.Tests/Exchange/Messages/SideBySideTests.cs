using System.Net.Http.Json;
using System.Text.Json;
using App.Tests.Fixtures;

namespace App.Tests.Exchange.Messages;

/// <summary>Webhooks to one endpoint: many at once, no more than it takes, and none held up by another.</summary>
public sealed class SideBySideTests
{
    [Theory]
    [InlineData(null, 16)]
    [InlineData(3, 3)]
    public async Task As_many_are_sent_at_once_as_the_endpoint_takes_and_no_more(int? concurrency, int expected)
    {
        await using var host = await MessageHost.StartAsync();
        var (gate, atOnce, most) = (new TaskCompletionSource(), 0, 0);
        host.Sink.Answer = async (_, _, _) =>
        {
            var now = Interlocked.Increment(ref atOnce);
            for (var seen = Volatile.Read(ref most); now > seen; seen = Volatile.Read(ref most))
                Interlocked.CompareExchange(ref most, now, seen);
            if (now == expected) gate.TrySetResult();
            await gate.Task;
            Interlocked.Decrement(ref atOnce);
        };
        if (concurrency is { } set)
        {
            using var registered = await host.App.Http.PostAsJsonAsync("/api/webhook-endpoints",
                new { url = host.UrlOf("/many"), concurrency = set });
            Assert.Equal(set, (await registered.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("concurrency").GetInt32());
        }
        await host.AddAsync([.. Enumerable.Range(0, 200).Select(n => host.Webhook("/many", $$"""{"n":{{n}}}"""))]);
        // None is answered before so many are there.
        await Poll.UntilAsync("all are delivered",
            async () => await host.App.ScalarAsync<long>("select count(*) from messages where state = 'delivered'") == 200);
        Assert.Equal(expected, most);
    }

    [Fact]
    public async Task One_that_hangs_holds_up_none_behind_it()
    {
        await using var host = await MessageHost.StartAsync();
        var gate = new TaskCompletionSource();
        host.Sink.Answer = (request, _, _) => request.Body == """{"n":0}""" ? gate.Task : Task.CompletedTask;
        await host.AddAsync([.. Enumerable.Range(0, 500).Select(n => host.Webhook("/hook", $$"""{"n":{{n}}}"""))]);
        await Poll.UntilAsync("all others are delivered",
            async () => await host.App.ScalarAsync<long>("select count(*) from messages where state = 'delivered'") == 499);
        gate.SetResult();
        await Poll.UntilAsync("it is delivered",
            async () => await host.App.ScalarAsync<long>("select count(*) from messages where state = 'delivered'") == 500);
    }

    [Fact]
    public async Task What_waits_goes_by_a_setting_that_is_changed_and_nonsense_is_refused()
    {
        await using var host = await MessageHost.StartAsync();
        await host.App.ExecuteAsync("insert into job_queues values ('messages', now())");
        using var registered = await host.App.Http.PostAsJsonAsync("/api/webhook-endpoints", new { url = host.UrlOf("/hook") });
        var id = (await registered.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
        await host.AddAsync(host.Webhook("/hook"), host.Webhook("/hook") with { OrderKey = "house" });
        Assert.Equal("16 1", await WidthsAsync());
        using var changed = await host.App.Http.PatchAsJsonAsync($"/api/webhook-endpoints/{id}", new { concurrency = 5 });
        Assert.True(changed.IsSuccessStatusCode);
        Assert.Equal("5 1", await WidthsAsync());
        using var ordered = await host.App.Http.PatchAsJsonAsync($"/api/webhook-endpoints/{id}", new { ordered = true });
        Assert.Equal("1 1", await WidthsAsync());

        using var tooMany = await host.App.Http.PatchAsJsonAsync($"/api/webhook-endpoints/{id}", new { concurrency = 65 });
        Assert.Equal(422, (int)tooMany.StatusCode);
        using var elsewhere = await host.App.Http.PostAsJsonAsync("/api/messages",
            new { channel = "email", to = "ada@example.org", body = new { subject = "a", text = "b" }, orderKey = "a" });
        Assert.Contains("orderKey", await elsewhere.Content.ReadAsStringAsync());

        Task<string> WidthsAsync() =>
            host.App.ScalarAsync<string>(
                "select string_agg(coalesce(order_width, 1)::text, ' ' order by id) from jobs where queue = 'messages'");
    }
}
