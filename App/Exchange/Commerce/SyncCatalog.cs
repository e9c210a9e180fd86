using System.Text.Json;
using App.Engines.Jobs;
using App.Exchange.Messages;
using App.Platform.Database;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace App.Exchange.Commerce;

/// <summary>Arguments of <see cref="SyncCatalog"/>: none but the job's organization.</summary>
internal sealed record SyncCatalogArgs;

/// <summary>
/// Hands the changed items of an organization to the outbox, in batches; the mark of an item and its message are one commit.
/// </summary>
internal sealed class SyncCatalog(AppDbContext db, CatalogSync sync, Outbox outbox, CommerceOptions options) : IJobHandler<SyncCatalogArgs>
{
    /// <summary>The kind.</summary>
    public static readonly JobKind Kind = new() { Name = "catalog.sync", MaxAttempts = 20, Timeout = TimeSpan.FromMinutes(2) };

    // The longest names and skus in the widest characters stay below what a message may hold.
    private const int Together = 100;

    /// <inheritdoc/>
    public async Task<JobOutcome> RunAsync(SyncCatalogArgs args, JobContext job, CancellationToken ct)
    {
        if (options.CatalogId is not { } catalog) return JobOutcome.Cancel("META_CATALOG_ID is not set.");
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        await sync.LockAsync(job.Organization, ct);
        var sent = 0;
        while (await GatherAsync(job.Organization, ct) is { Count: > 0 } items)
        {
            var body = JsonSerializer.SerializeToElement(new { items = items.Select(Change) }, JsonSerializerOptions.Web);
            await outbox.AddAsync(db, new NewMessage(job.Organization, MessageChannel.Catalog, catalog, body), ct);
            sent += items.Count;
        }
        job.Log($"{sent} changed items");
        var settled = await job.CompleteInAsync((NpgsqlConnection)db.Database.GetDbConnection(),
            (NpgsqlTransaction)transaction.GetDbTransaction(), ct);
        await transaction.CommitAsync(ct);
        return settled;
    }

    // In the words of Meta's batch API. Pictures, links and descriptions are hers: an item must be in her catalog to be sold there.
    private static object Change(CatalogItem item) => new
    {
        method = "UPDATE",
        data = new
        {
            id = item.Sku,
            title = item.Name,
            availability = item.Stock > 0 ? "in stock" : "out of stock",
            inventory = item.Stock,
            price = Currency.Write(item.PriceMinor, item.Currency),
        },
    };

    // An item that is being changed at this moment is left to the job that its change adds.
    private async Task<List<CatalogItem>> GatherAsync(string organization, CancellationToken ct) =>
        await db.Set<CatalogItem>().FromSql($"""
            update catalog_items i set unsynced = false
            from (select sku from catalog_items where organization = {organization} and unsynced order by sku
                limit {Together} for no key update skip locked) due
            where i.organization = {organization} and i.sku = due.sku
            returning i.*
            """).AsNoTracking().ToListAsync(ct);
}
