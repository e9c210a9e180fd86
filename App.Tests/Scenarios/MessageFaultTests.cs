using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using App.Tests.Fixtures;
using Xunit.Abstractions;

namespace App.Tests.Scenarios;

/// <summary>
/// Messages through killed workers, a database that crashes, and an endpoint that fails, hangs and drops answers. With
/// <c>SCENARIO_MESSAGES</c> as many as that says.
/// </summary>
[Collection(ScenarioCollection.Name)]
public sealed class MessageFaultTests(ITestOutputHelper report) : IAsyncLifetime
{
    private const int Recipients = 100;
    private const int Senders = 8;
    private static readonly int Messages = int.Parse(Environment.GetEnvironmentVariable("SCENARIO_MESSAGES") ?? "1500", CultureInfo.InvariantCulture);

    // What was answered and not yet written when its worker or the database went: an answer that was lost on this side.
    private static readonly TimeSpan Unwritten = TimeSpan.FromSeconds(5);

    private static readonly (string, string)[] Variables =
    [
        ("EGRESS_ALLOW", "127.0.0.1"), ("WEBHOOK_SIGNING_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), ("WEBHOOK_TIMEOUT_MS", "5000"), ("HEARTBEAT_INTERVAL_MS", "3000"),
        ("WEBHOOK_RETRY_SCHEDULE", string.Join(',', Enumerable.Repeat("0.1", 50))), ("PIPELINE_ENABLED", "false"), ("API_REQUESTS_PER_SECOND", "100000"), ("LOG_LEVEL", "warn"),
    ];

    private TestDatabaseServer server = null!;
    private UnreliableSink sink = null!;
    private AppProcess web = null!;
    private AppProcess[] workers = [];

    public async Task InitializeAsync()
    {
        server = await TestDatabaseServer.StartOwnAsync(durable: true);
        sink = await UnreliableSink.StartAsync();
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
    public async Task None_is_lost_each_repetition_has_its_id_and_none_is_repeated_whose_answer_was_not_lost()
    {
        var faults = new List<(long From, long To)>();
        var ids = new List<string>();
        foreach (var part in Enumerable.Range(0, Messages).Chunk(Messages / 3))
        {
            ids.AddRange(await SendAsync(part));
            await Poll.UntilAsync("some are delivered", () => Task.FromResult(sink.Requests > ids.Count / 3));
            if (ids.Count >= Messages) break;
            // One after the other: a worker, and then the database.
            var from = TimeProvider.System.GetTimestamp();
            if (faults.Count == 0)
            {
                workers[0].Kill();
                await workers[0].DisposeAsync();
                workers[0] = AppProcess.Start(server.Url, worker: true, null, Variables);
            }
            else
            {
                server.Kill();
                await server.StartAgainAsync();
            }
            faults.Add((from, TimeProvider.System.GetTimestamp()));
        }
        await using var outcome = new Outcome(server.ConnectionString);
        await Poll.UntilAsync("all are delivered", async () => await outcome.TextAsync("select count(*) from messages where state <> 'delivered'") == "0", 400,
            () => JsonSerializer.Serialize(web.Http.GetFromJsonAsync<JsonElement>("/api/messages?limit=3&status=pending").GetAwaiter().GetResult()));

        // None is lost: what was accepted was taken; none is made up.
        Assert.Equal(Messages, ids.Distinct().Count());
        Assert.DoesNotContain(ids, id => !sink.Seen.TryGetValue(id, out var requests) || requests.All(request => request.Answer != "taken" && request.Answer != "dropped" && request.Answer != "hung"));
        var repeated = sink.Seen.Values.Select(requests => requests.ToArray()).Where(requests => requests.TakeWhile(one => one.Answer != "taken").Count() < requests.Length - 1).ToList();
        report.WriteLine($"{Messages} messages, {sink.Requests} requests: {sink.Count("failed")} failed, {sink.Count("hung")} hung, {sink.Count("dropped")} answers dropped; {repeated.Count} were repeated after a good answer, all of them cut off by a fault.");
        Assert.DoesNotContain(repeated, requests => !requests.Any(one => one.Answer == "taken" && faults.Any(fault =>
            TimeProvider.System.GetElapsedTime(one.At, fault.From) < Unwritten && TimeProvider.System.GetElapsedTime(fault.To, one.At) < Unwritten)));
    }

    private async Task<IReadOnlyList<string>> SendAsync(int[] numbers)
    {
        var ids = await Task.WhenAll(numbers.Chunk((numbers.Length + Senders - 1) / Senders).Select(async mine =>
        {
            var sent = new List<string>();
            foreach (var number in mine)
            {
                // Tried until it is accepted, under one key: the database may be away.
                await Poll.UntilAsync("it is accepted", async () =>
                {
                    using var request = new HttpRequestMessage(HttpMethod.Post, "/api/messages") { Headers = { { "Idempotency-Key", $"n{number}" } } };
                    request.Content = JsonContent.Create(new { channel = "webhook", to = new Uri(sink.Url, $"/r{number % Recipients}"), body = new { number } });
                    using var response = await web.Http.SendAsync(request);
                    if ((int)response.StatusCode != 202) return false;
                    sent.Add((await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!);
                    return true;
                });
            }
            return sent;
        }));
        return [.. ids.SelectMany(some => some)];
    }
}
