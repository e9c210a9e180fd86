using System.Collections.Concurrent;
using System.Text.Json;
using App.Tests.Fixtures;
using Microsoft.AspNetCore.Http;

namespace App.Tests.Exchange.Messages;

/// <summary>
/// Meta's catalog as its batch API speaks: a batch is looked at and taken on at once, and what came of it is asked for by its handle.
/// </summary>
internal sealed class CatalogStub
{
    /// <summary>Items that do not even look right, with their errors.</summary>
    public Dictionary<string, string> Invalid { get; } = [];

    /// <summary>Whether batches are taken on.</summary>
    public bool TakesOn { get; set; } = true;

    /// <summary>
    /// What came of a batch, by its number from 1: the object that <c>data</c> holds, without its handle. Nothing: it is not known yet.
    /// </summary>
    public Func<int,
        object?> Batch
    { get; set; } = _ =>
            new
            {
                status = "finished",
                errors_total_count = 0,
                errors = Array.Empty<object>(),
                ids_of_invalid_requests = Array.Empty<string>()
            };

    /// <summary>An error instead of the status of a batch.</summary>
    public object? Error { get; set; }

    /// <summary>The items of each batch, in their order.</summary>
    public ConcurrentQueue<IReadOnlyList<string>> Batches { get; } = [];

    /// <summary>How its status was asked for.</summary>
    public ConcurrentQueue<string> Questions { get; } = [];

    /// <summary>Answers as <see cref="HttpStub.Answer"/>.</summary>
    public Task AnswerAsync(SeenRequest request, int number, HttpContext context)
    {
        if (request.Header("authorization") != "Bearer EAAG-token")
            return HttpStub.JsonAsync(context,
                """{"error":{"message":"Invalid OAuth access token.","type":"OAuthException","code":190}}""", 401);
        if (request.Path.EndsWith("/items_batch", StringComparison.Ordinal)) return TakeOnAsync(JsonElement.Parse(request.Body), context);
        Questions.Enqueue(context.Request.QueryString.Value!);
        if (Error is { } error) return HttpStub.JsonAsync(context, JsonSerializer.Serialize(new { error }), 400);
        var handle = context.Request.Query["handle"].ToString();
        var batch = Batch(int.Parse(handle["handle-".Length..], System.Globalization.CultureInfo.InvariantCulture));
        return HttpStub.JsonAsync(context, JsonSerializer.Serialize(new { data = batch is null ? [] : new[] { batch } }));
    }

    private Task TakeOnAsync(JsonElement batch, HttpContext context)
    {
        var items = batch.GetProperty("requests")
            .EnumerateArray().Select(request => request.GetProperty("data").GetProperty("id").GetString()!).ToList();
        Batches.Enqueue(items);
        var invalid = items.Where(Invalid.ContainsKey)
            .Select(item => new { retailer_id = item, errors = new[] { new { message = Invalid[item] } } });
        return HttpStub.JsonAsync(context,
            JsonSerializer.Serialize(new
            {
                handles = TakesOn ? [$"handle-{Batches.Count}"] : Array.Empty<string>(),
                validation_status = invalid
            }));
    }
}
