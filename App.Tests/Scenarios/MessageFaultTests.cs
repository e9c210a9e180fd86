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
public sealed class MessageFaultTests(ITestOutputHelper report) : IAsyncLifetime
{
    private const int Recipients = 100;
    private const int Senders = 8;
    private const int MostBetweenFaults = 2500;
    private const int PatienceMs = 2000;
    private static readonly int Messages = int.Parse(Environment.GetEnvironmentVariable("SCENARIO_MESSAGES") ?? "1500",
        CultureInfo.InvariantCulture);

    // What was answered and not yet written when its worker or the database went: an answer that was lost on this side.
    private static readonly TimeSpan Unwritten = TimeSpan.FromSeconds(5);

    private static readonly (string, string)[] Variables =
    [
        ("EGRESS_ALLOW", "127.0.0.1"), ("WEBHOOK_SIGNING_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        ("WEBHOOK_TIMEOUT_MS", $"{PatienceMs}"), ("HEARTBEAT_INTERVAL_MS", "3000"),
        ("WEBHOOK_RETRY_SCHEDULE", string.Join(',', Enumerable.Repeat("0.1", 50))), ("PIPELINE_ENABLED", "false"),
        ("API_REQUESTS_PER_SECOND", "100000"), ("LOG_LEVEL", "warn"),
    ];

    private TestDatabaseServer server = null!;
    private UnreliableSink sink = null!;
    private AppProcess web = null!;
    private AppProcess[] workers = [];
    private int turns;

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
        var began = TimeProvider.System.GetTimestamp();
        foreach (var part in Enumerable.Range(0, Messages).Chunk(Math.Min(Messages / 3, MostBetweenFaults)))
        {
            ids.AddRange(await SendAsync(part));
            await Poll.UntilAsync("some are delivered", () => Task.FromResult(sink.Requests > ids.Count / 3), 120);
            if (ids.Count < Messages) faults.Add(await FaultAsync());
        }
        await using var outcome = new Outcome(server.ConnectionString);
        await Poll.UntilAsync("all are delivered",
            async () => await outcome.TextAsync("select count(*) from messages where state <> 'delivered'") == "0", 600,
            () =>
                JsonSerializer.Serialize(
                    web.Http.GetFromJsonAsync<JsonElement>("/api/messages?limit=3&status=pending").GetAwaiter().GetResult()));
        var took = TimeProvider.System.GetElapsedTime(began);

        // None is lost: what was accepted was received; none is made up, and each goes by one id, however often it came.
        Assert.Equal(Messages, ids.Distinct().Count());
        Assert.Equal(ids.Order(StringComparer.Ordinal), sink.Seen.Keys.Order(StringComparer.Ordinal));
        Assert.DoesNotContain(sink.Seen.Values, requests => requests.All(request => request.Answer == "failed"));
        Assert.Equal(Messages, sink.Ids.Count);
        Assert.DoesNotContain(sink.Ids, body => body.Value.Count != 1);

        // Every attempt is shown as it was, and was followed by another only where its answer was lost: unless a fault came
        // between it and its record. An answer that takes longer than is waited for is as good as lost.
        var shown = JsonSerializer.Deserialize<Dictionary<string, string>>(await outcome.TextAsync($"""
            select json_object_agg(message_id, outcomes) from (
                select message_id, string_agg(case when outcome = 'lost' and latency_ms >= {PatienceMs} then 'late' else outcome end, ' '
                    order by number) as outcomes from message_deliveries group by 1) d
            """))!.ToDictionary(one => one.Key, one => one.Value.Split(' '));
        var requests = sink.Seen.ToDictionary(one => one.Key, one => one.Value.ToArray());
        var undisturbed = requests.Where(one => !one.Value.Any(request => IsNear(faults, request.At))).ToList();
        var again = requests.Values.Sum(all => all.Count(one => one.Answer != "failed") - 1);
        var late = undisturbed.Sum(one => one.Value.Zip(shown[one.Key]).Count(pair => pair is { First.Answer: "taken", Second: "late" }));
        var cut = requests.Except(undisturbed).Sum(one => one.Value.Count(request => request.Answer == "taken") - 1);
        report.WriteLine(
            $"{Messages} messages in {took.TotalSeconds:0} s through {turns} faults, {sink.Requests} requests: "
            + $"{sink.Count("failed")} failed, {sink.Count("hung")} hung, {sink.Count("dropped")} answers dropped; "
            + $"{again} were received again: {again - late - cut} after those, {late} after an answer that came too late, "
            + $"{cut} after one that a fault cut off. {shown.Values.Sum(all => all.Count(one => one is "lost" or "late"))} lost answers "
            + "are shown.");
        Assert.DoesNotContain(undisturbed, one => !IsAsShown(one.Value.Select(request => request.Answer).ToArray(), shown[one.Key]));
    }

    // Where an answer was late, the endpoint may have seen the requests in another order, or one of them never.
    private static bool IsAsShown(string[] answers, string[] shown) =>
        shown.AsSpan().IndexOf("delivered") == shown.Length - 1
            && (shown.Contains("late") ? answers.Length <= shown.Length : answers.Select(Shown).SequenceEqual(shown));

    private static string Shown(string answer) => answer switch { "taken" => "delivered", "failed" => "failed", _ => "lost" };

    // In turn a worker, the database, the other worker, the database, and so on.
    private async Task<(long From, long To)> FaultAsync()
    {
        var from = TimeProvider.System.GetTimestamp();
        if (++turns % 2 == 0)
        {
            server.Kill();
            await server.StartAgainAsync();
        }
        else
        {
            var worker = turns / 2 % workers.Length;
            workers[worker].Kill();
            await workers[worker].DisposeAsync();
            workers[worker] = AppProcess.Start(server.Url, worker: true, null, Variables);
        }
        return (from, TimeProvider.System.GetTimestamp());
    }

    private static bool IsNear(List<(long From, long To)> faults, long at) =>
        faults.Exists(fault =>
            TimeProvider.System.GetElapsedTime(at, fault.From) < Unwritten && TimeProvider.System.GetElapsedTime(fault.To, at) < Unwritten);

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
                    using var request = new HttpRequestMessage(HttpMethod.Post,
                        "/api/messages")
                    { Headers = { { "Idempotency-Key", $"n{number}" } } };
                    request.Content = JsonContent.Create(new
                    {
                        channel = "webhook",
                        to = new Uri(sink.Url, $"/r{number % Recipients}"),
                        body = new { number }
                    });
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
