using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using App.Tests.Fixtures;
using Microsoft.AspNetCore.Http;
using Xunit.Abstractions;

namespace App.Tests.Scenarios;

/// <summary>
/// Many webhooks to one endpoint that does not always answer as it should, while workers are killed. On a message's first two
/// tries 10 % fail, 3 % are answered 503 with Retry-After, 2 % lose their connection and 5 % are answered after half a second.
/// </summary>
public sealed class WebhookFaultTests(ITestOutputHelper report) : IAsyncLifetime
{
    private const int Senders = 8;
    private static readonly int Messages = TestScale.Of(300, 3000);
    private static readonly int Kills = TestScale.Of(2, 5);

    private static readonly (string, string)[] Variables =
    [
        ("EGRESS_ALLOW", "127.0.0.1"), ("WEBHOOK_SIGNING_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        ("WEBHOOK_RETRY_SCHEDULE", "0,0.3,0.6,1,2"),
        ("PIPELINE_ENABLED", "false"), ("API_REQUESTS_PER_SECOND", "100000"), ("LOG_LEVEL", "warn"),
    ];

    private readonly ConcurrentDictionary<string, int> tries = [];
    private readonly Random random = new(11);
    private TestDatabaseServer server = null!;
    private HttpStub sink = null!;
    private AppProcess web = null!;
    private AppProcess[] workers = [];

    public async Task InitializeAsync()
    {
        server = await TestDatabaseServer.StartOwnAsync(durable: true);
        sink = await HttpStub.StartAsync();
        sink.Answer = (request, _, context) => AnswerAsync(request.Header("webhook-id")!, context);
        web = await AppProcess.StartReadyAsync(server.Url, worker: false, [.. Variables, ("LOG_LEVEL", "information")]);
        workers = [.. Enumerable.Range(0, 2).Select(_ => AppProcess.Start(server.Url, worker: true, null, Variables))];
    }

    public async Task DisposeAsync()
    {
        foreach (var worker in workers) await worker.DisposeAsync();
        await web.DisposeAsync();
        await sink.DisposeAsync();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task All_are_delivered_within_a_minute_of_the_last_kill()
    {
        var ids = await SendAsync();
        await using var outcome = new Outcome(server.ConnectionString);
        for (var kill = 0; kill < Kills; kill++)
        {
            var enough = (kill + 1) * Messages / (Kills + 1);
            await Poll.UntilAsync($"{enough} are delivered", async () => await DeliveredAsync(outcome) >= enough, 120);
            workers[kill % 2].Kill();
            await workers[kill % 2].DisposeAsync();
            workers[kill % 2] = AppProcess.Start(server.Url, worker: true, null, Variables);
        }
        var killed = TimeProvider.System.GetTimestamp();
        await Poll.UntilAsync("all are delivered", async () => await DeliveredAsync(outcome) == Messages, 60,
            () =>
                outcome.TextAsync("select json_object_agg(state, n) from (select state, count(*) as n from messages group by 1) s")
                    .GetAwaiter().GetResult());
        report.WriteLine(
            $"{Messages} messages to one endpoint, {Kills} kills: the last was delivered "
            + $"{TimeProvider.System.GetElapsedTime(killed).TotalSeconds:0.0} s after the last kill, after {tries.Values.Sum()} requests.");
        Assert.Equal(ids.Order(StringComparer.Ordinal), tries.Keys.Order(StringComparer.Ordinal));
    }

    private static async Task<int> DeliveredAsync(Outcome outcome) =>
        int.Parse(await outcome.TextAsync("select count(*) from messages where state = 'delivered'"), CultureInfo.InvariantCulture);

    private async Task AnswerAsync(string id, HttpContext context)
    {
        int chance;
        lock (random) chance = random.Next(100);
        if (tries.AddOrUpdate(id, 1, (_, before) => before + 1) > 2) return;
        if (chance < 10) context.Response.StatusCode = 500;
        else if (chance < 13)
        {
            context.Response.StatusCode = 503;
            context.Response.Headers.RetryAfter = "1";
        }
        else if (chance < 15) context.Abort();
        else if (chance < 20)
            await Task.Delay(TimeSpan.FromSeconds(0.5), TimeProvider.System, context.RequestAborted)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task<IReadOnlyList<string>> SendAsync()
    {
        var url = new Uri(sink.Url, "/hook");
        var sent = await Task.WhenAll(Enumerable.Range(0, Messages).Chunk((Messages + Senders - 1) / Senders).Select(async mine =>
        {
            var ids = new List<string>();
            foreach (var number in mine)
            {
                using var response = await web.Http.PostAsJsonAsync("/api/messages",
                    new { channel = "webhook", to = url, body = new { number } });
                Assert.Equal(202, (int)response.StatusCode);
                ids.Add((await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!);
            }
            return ids;
        }));
        return [.. sent.SelectMany(some => some)];
    }
}
