using System.Net.Http.Json;
using App.Energy.Readings;
using App.Tests.Energy.Disaggregation.Live;
using App.Tests.Fixtures;

namespace App.Tests.Scenarios;

/// <summary>
/// Houses that post to a web process without pause, as meters do: each request is repeated until it is accepted.
/// It knows what was accepted, and every status that was answered.
/// </summary>
internal sealed class Load
{
    private const int MostRequests = 4000;
    private readonly List<(string Name, Queue<Reading[]> Requests, SortedDictionary<long, double> Accepted)> houses = [];
    private readonly Dictionary<int, int> statuses = [];
    private readonly HttpClient http;
    private readonly int pauseMs;
    private volatile bool stopped;
    private Task posting = Task.CompletedTask;

    private Load(HttpClient http, int pauseMs) => (this.http, this.pauseMs) = (http, pauseMs);

    /// <summary>Begins to post.</summary>
    public static Load Start(HttpClient http, int count = 6, int seed = 1, int pauseMs = 20)
    {
        var load = new Load(http, pauseMs);
        for (var i = 0; i < count; i++)
            load.houses.Add(
                ($"house-{seed}-{i}", new TestHouse("", (seed * 100) + i, readings: 40_000).Arrivals(seed + i, Disorder.SomeLate), []));
        load.posting = Task.WhenAll(load.houses.Select(house => load.PostAsync(house.Name, house.Requests, house.Accepted)));
        return load;
    }

    /// <summary>The houses with what was accepted of each.</summary>
    public IEnumerable<(string Name, SortedDictionary<long, double> Accepted)> Houses =>
        houses.Select(house => (house.Name, house.Accepted));

    /// <summary>How often a status was answered; 0: no answer at all.</summary>
    public int Answers(int status)
    {
        lock (statuses) return statuses.GetValueOrDefault(status);
    }

    /// <summary>Statuses and how often, for messages.</summary>
    public string Summary
    {
        get { lock (statuses) return string.Join(", ", statuses.OrderBy(pair => pair.Key).Select(pair => $"{pair.Key}: {pair.Value}")); }
    }

    /// <summary>Waits until some more requests have been accepted.</summary>
    public Task AcceptMoreAsync(int requests)
    {
        var goal = Answers(202) + requests;
        return Poll.UntilAsync($"{requests} more requests are accepted", () => Task.FromResult(Answers(202) >= goal),
            whatElse: () => Summary);
    }

    /// <summary>Ends when each house's last request has been accepted.</summary>
    public async Task StopAsync()
    {
        stopped = true;
        await posting.WaitAsync(Poll.Patience);
        Assert.DoesNotContain(statuses.Keys, status => status is not (202 or 503 or 0));
    }

    private async Task PostAsync(string name, Queue<Reading[]> requests, SortedDictionary<long, double> accepted)
    {
        for (var i = 0; i < MostRequests && !stopped && requests.TryDequeue(out var readings); i++)
        {
            var body = new { readings = readings.Select(reading => new { buildingId = name, ts = reading.Ts, watts = reading.Watts }) };
            while (!await TryPostAsync(body)) await Task.Delay(100);
            foreach (var reading in readings) accepted[reading.Ts] = reading.Watts;
            if (pauseMs > 0) await Task.Delay(pauseMs);
        }
    }

    private async Task<bool> TryPostAsync(object body)
    {
        var status = 0;
        try
        {
            using var response = await http.PostAsJsonAsync("/ingest/readings", body);
            status = (int)response.StatusCode;
        }
        catch (HttpRequestException)
        {
            // No answer.
        }
        lock (statuses) statuses[status] = statuses.GetValueOrDefault(status) + 1;
        return status == 202;
    }
}
