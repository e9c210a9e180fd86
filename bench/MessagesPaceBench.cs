using System.Diagnostics;
using System.Text.Json.Nodes;
using Npgsql;

namespace Bench;

/// <summary>
/// How fast one endpoint is served that takes its time, and what several worker processes bring: with what they wait for.
/// </summary>
internal static class MessagesPaceBench
{
    private const int Endpoints = 256;

    // What sessions of the workers wait for at this moment, locks apart from the disk.
    private const string WaitsSql = """
        select coalesce(wait_event_type || ':' || wait_event, 'running'), count(*) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and state = 'active' group by 1
        """;

    /// <summary>1,500 messages to one URL that answers after 100 ms.</summary>
    public static async Task OneEndpointAsync(NpgsqlDataSource server, CancellationToken ct)
    {
        const int Messages = 1500;
        await using var round = await MessagesRound.StartAsync(server, ct);
        await using var sink = new LoopbackSink();
        await round.BeginAsync();
        await round.AddAsync(2000, i => $"http://127.0.0.1:{sink.Port}/warm/{i % 50}", ct);
        await round.SettledAsync(ct);
        await round.HoldAsync(ct);
        await round.AddAsync(Messages, _ => $"http://127.0.0.1:{sink.Port}/slow", ct);
        var before = sink.Count;
        var clock = Stopwatch.StartNew();
        await round.LetGoAsync(ct);
        while (sink.Count - before < Messages) await Task.Delay(5, ct);
        await round.SettledAsync(ct);
        Print(new JsonObject
        {
            ["bench"] = "messages",
            ["case"] = "one endpoint of 100 ms",
            ["n"] = Messages,
            ["deliveries_per_s"] = Math.Round(Messages / clock.Elapsed.TotalSeconds, 1),
            ["repeated"] = sink.Twice
        });
    }

    /// <summary>A backlog to 256 endpoints, delivered by so many worker processes.</summary>
    public static async Task WorkersAsync(NpgsqlDataSource server, int workers, int messages, CancellationToken ct)
    {
        await using var round = await MessagesRound.StartAsync(server, ct, workers);
        await using var sink = new LoopbackSink();
        await round.BeginAsync();
        await round.AddAsync(messages / 4, i => $"http://127.0.0.1:{sink.Port}/hook/{i % Endpoints}", ct);
        await round.SettledAsync(ct);
        await round.HoldAsync(ct);
        await round.AddAsync(messages, i => $"http://127.0.0.1:{sink.Port}/hook/{i % Endpoints}", ct);
        await round.ExecuteAsync("checkpoint", ct);
        var waits = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var before = sink.Count;
        var clock = Stopwatch.StartNew();
        await round.LetGoAsync(ct);
        while (sink.Count - before < messages)
        {
            foreach (var (what, sessions) in await round.CountsAsync(WaitsSql, ct)) waits[what] = waits.GetValueOrDefault(what) + sessions;
            await Task.Delay(20, ct);
        }
        var took = clock.Elapsed.TotalSeconds;
        var samples = (double)Math.Max(1, waits.Values.Sum());
        var shares = new JsonObject();
        foreach (var (what, count) in waits.OrderByDescending(one => one.Value).Take(6)) shares[what] = Math.Round(count / samples, 3);
        Print(new JsonObject
        {
            ["bench"] = "messages",
            ["case"] = "workers",
            ["workers"] = workers,
            ["n"] = messages,
            ["deliveries_per_s"] = Math.Round(messages / took),
            ["sessions"] = shares
        });
    }

    private static void Print(JsonNode line) => Console.WriteLine(line.ToJsonString());
}
