using System.Text;
using System.Text.Json;
using App.Engines.Jobs;
using App.Exchange.Messages.Channels;
using App.Exchange.Messages.Delivering;
using App.Platform.Http;
using App.Runs.Plans;

namespace App.Exchange.Messages.Meta;

/// <summary>
/// Meta's catalog, by its batch API. The body carries the items that have changed. A message is delivered when the batch
/// is handed over; what comes of it is asked for by <see cref="CheckCatalogBatch"/>. A batch that is sent twice leaves the
/// catalog the same.
/// </summary>
internal sealed class CatalogChannel(MetaApi api, MetaOptions options, CatalogReports reports) : IMessageChannel
{
    private const int MostItems = 5000;

    private static readonly string[] Methods = ["CREATE", "UPDATE", "DELETE"];

    /// <inheritdoc/>
    public string Name => MessageChannel.Catalog;

    /// <inheritdoc/>
    public string? MissingVariables => options.MissingForCatalog;

    /// <inheritdoc/>
    public RetrySchedule Schedule { get; } = RetrySchedule.OfSeconds(0, 5, 30, 300, 1800, 7200, 21_600);

    /// <inheritdoc/>
    public IReadOnlyList<JobLimit> LimitsOf(string to) => [JobLimit.AtOnce($"catalog:{options.CatalogId}", 1)];

    /// <inheritdoc/>
    public void Validate(string to, JsonElement body, List<FieldError> faults)
    {
        if (to != options.CatalogId)
            faults.Add(new FieldError("to", Problems.Shorten(to), $"give the catalog's id (META_CATALOG_ID), {options.CatalogId}"));
        var fields = new JsonFields(body, "body", faults);
        fields.Only("items");
        if (fields.List("items", required: true) is not { } items) return;
        if (items.Count is 0 or > MostItems) fields.Fault("items", items.Count.ToString(), $"give 1 to {MostItems:N0} items");
        for (var i = 0; i < items.Count && faults.Count < 20; i++)
        {
            var item = new JsonFields(items[i], $"body.items[{i}]", faults);
            if (item.Text("method", required: true) is { } method && !Methods.Contains(method))
                item.Fault("method", method, $"use one of {string.Join(", ", Methods)}");
            if (item.Object("data") is { } data && data.Text("id", required: true) is { } id
                && id.Length is 0 or > CatalogReport.LongestItem)
                data.Fault("id", id, $"give 1 to {CatalogReport.LongestItem} characters");
        }
    }

    /// <inheritdoc/>
    public async Task<AttemptResult> SendAsync(TakenMessage message, CancellationToken ct)
    {
        var items = JsonElement.Parse(message.Body).GetProperty("items");
        var (answer, record) = await api.PostAsync($"{options.CatalogId}/items_batch", Request(items), ct);
        if (answer is null) return record;
        var parsed = MetaApi.Parse(answer);
        if (MetaApi.ErrorOf(parsed) is { } error)
            return MetaErrors.ResultOf(error, answer) with
            {
                Request = record.Request,
                Status = record.Status,
                ResponseHeaders = record.ResponseHeaders,
                ResponseBody = record.ResponseBody
            };
        if (answer.Status is < 200 or > 299)
            return record with
            { End = answer.Status >= 500 ? AttemptEnd.Failed : AttemptEnd.Refused, Error = $"It answered {answer.Status}." };
        if (parsed is not { } found) return record with { End = AttemptEnd.Delivered, Error = null };
        var (ids, handover) = (CheckCatalogBatch.ItemsOf(Encoding.UTF8.GetString(message.Body)), CatalogAnswers.Handover(found));
        await reports.HandedOverAsync(message, ids, handover, ct);
        // A list of handles without one says that nothing was taken on.
        var isTaken = handover.Refused.Count < ids.Count && (handover.Handle is not null || !found.TryGetProperty("handles", out _));
        var refused = CheckCatalogBatch.Summary(handover.Refused, ids.Count)
            ?? (isTaken ? null : "It has taken none of the items, and does not say why.");
        return record with { End = isTaken ? AttemptEnd.Delivered : AttemptEnd.Refused, Error = refused, ProviderId = handover.Handle };
    }

    private static byte[] Request(JsonElement items)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, ResolvedInput.Writing))
        {
            writer.WriteStartObject();
            writer.WriteString("item_type", "PRODUCT_ITEM");
            writer.WriteBoolean("allow_upsert", true);
            writer.WritePropertyName("requests");
            items.WriteTo(writer);
            writer.WriteEndObject();
        }
        return buffer.ToArray();
    }
}
