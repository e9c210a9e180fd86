using System.Collections.Concurrent;
using App.Tests.Fixtures;
using Microsoft.AspNetCore.Http;

namespace App.Tests.Scenarios;

/// <summary>
/// An endpoint that fails 10 % of its requests, hangs at 2 % and drops the answer of 2 %; it remembers what it answered to whom.
/// </summary>
internal sealed class UnreliableSink(HttpStub stub) : IAsyncDisposable
{
    private static readonly TimeSpan Hang = TimeSpan.FromMinutes(1);
    private readonly Random random = new(11);

    /// <summary>By message: what became of each of its requests, and when.</summary>
    public ConcurrentDictionary<string, ConcurrentQueue<(string Answer, long At)>> Seen { get; } = [];

    /// <summary>By body: the ids that it came under.</summary>
    public ConcurrentDictionary<string, ConcurrentDictionary<string, bool>> Ids { get; } = [];

    public Uri Url => stub.Url;

    public static async Task<UnreliableSink> StartAsync()
    {
        var stub = await HttpStub.StartAsync();
        var sink = new UnreliableSink(stub);
        stub.Answer = (request, _, context) => sink.AnswerAsync(request.Header("webhook-id")!, request.Body, context);
        return sink;
    }

    public int Requests => Seen.Values.Sum(requests => requests.Count);

    public int Count(string answer) => Seen.Values.Sum(requests => requests.Count(one => one.Answer == answer));

    public ValueTask DisposeAsync() => stub.DisposeAsync();

    private async Task AnswerAsync(string id, string body, HttpContext context)
    {
        int chance;
        lock (random) chance = random.Next(100);
        var answer = chance < 10 ? "failed" : chance < 12 ? "hung" : chance < 14 ? "dropped" : "taken";
        if (answer == "failed") context.Response.StatusCode = 500;
        Ids.GetOrAdd(body, _ => []).TryAdd(id, true);
        Seen.GetOrAdd(id, _ => []).Enqueue((answer, TimeProvider.System.GetTimestamp()));
        if (answer == "dropped") context.Abort();
        // Until the caller gives up.
        if (answer == "hung")
            await new TaskCompletionSource().Task.WaitAsync(Hang, context.RequestAborted)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
