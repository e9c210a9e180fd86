using System.Text.Json;

namespace App.Exchange.Messages.Meta;

/// <summary>An item that the catalog has not taken.</summary>
/// <param name="Item">Its id.</param>
/// <param name="Error">Why.</param>
internal sealed record CatalogRefusal(string Item, string Error);

/// <summary>What the catalog answers to a batch: it looks at the items at once, and takes them later.</summary>
/// <param name="Handle">By which it is asked what came of the batch; null: it has not begun one.</param>
/// <param name="Refused">What did not even look right.</param>
internal sealed record CatalogHandover(string? Handle, IReadOnlyList<CatalogRefusal> Refused);

/// <summary>What came of a batch so far.</summary>
/// <param name="Status">In the catalog's words.</param>
/// <param name="Refused">Items that were not taken. Only some come with their errors.</param>
/// <param name="Others">Errors that name no item.</param>
internal sealed record CatalogBatch(string Status, IReadOnlyList<CatalogRefusal> Refused, IReadOnlyList<string> Others)
{
    /// <summary>Whether it went through: every item that is not refused was taken.</summary>
    public bool IsFinished => Status.Equals("finished", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether it broke off: nobody knows which items were taken.</summary>
    public bool IsBroken => Status.ToLowerInvariant() is "error" or "canceled" or "cancelled";
}

/// <summary>Reads the answers of the catalog's batch API.</summary>
internal static class CatalogAnswers
{
    private const string NoReason = "It gave no reason.";

    /// <summary><c>{"handles":["…"],"validation_status":[{"retailer_id":"sku-1","errors":[{"message":"…"}]}]}</c>.</summary>
    public static CatalogHandover Handover(JsonElement answer) => new(
        List(answer, "handles").Select(handle => handle.ValueKind == JsonValueKind.String ? handle.GetString() : null)
            .FirstOrDefault(handle => handle is { Length: > 0 and <= 256 }),
        [.. List(answer, "validation_status").Where(status => List(status, "errors").Any())
            .Select(status =>
                new CatalogRefusal(Text(status, "retailer_id") ?? "?",
                    string.Join(", ", List(status, "errors").Select(error => Text(error, "message") ?? error.ToString()))))]);

    /// <summary>
    /// <c>{"data":[{"handle","status","errors":[{"line":1,"id":"sku-1","message":"…"}],"errors_total_count":1,
    /// "ids_of_invalid_requests":["sku-1"]}]}</c>;
    /// null: it knows of no such batch, or not yet.
    /// </summary>
    public static CatalogBatch? Batch(JsonElement answer, IReadOnlySet<string> items)
    {
        if (List(answer, "data").FirstOrDefault() is not { ValueKind: JsonValueKind.Object } batch
            || Text(batch, "status") is not { } status) return null;
        var errors = List(batch, "errors")
            .Select(error => (Item: Text(error, "id") ?? "", Text: Text(error, "message") ?? NoReason)).ToList();
        var named = errors.Where(error => items.Contains(error.Item))
            .GroupBy(error => error.Item, error => error.Text, StringComparer.Ordinal)
            .Select(group => new CatalogRefusal(group.Key, string.Join(", ", group.Distinct()))).ToList();
        var unnamed = List(batch, "ids_of_invalid_requests")
            .Select(id => id.ToString()).Distinct().Where(id => items.Contains(id) && !named.Exists(one => one.Item == id));
        return new(status, [.. named, .. unnamed.Select(id => new CatalogRefusal(id, NoReason))],
            [.. errors.Where(error => !items.Contains(error.Item)).Select(error => error.Text).Distinct()]);
    }

    private static IEnumerable<JsonElement> List(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array
            ? list.EnumerateArray() : [];

    private static string? Text(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value)
            && value.ValueKind is JsonValueKind.String or JsonValueKind.Number ? value.ToString() : null;
}
