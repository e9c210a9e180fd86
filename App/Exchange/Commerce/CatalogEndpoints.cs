using App.Exchange.Messages.Meta;
using App.Platform.Auth;
using App.Platform.Database;
using App.Platform.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;

namespace App.Exchange.Commerce;

/// <summary><c>/api/catalog/items</c>: what is sold, and how many there are.</summary>
internal static class CatalogEndpoints
{
    /// <summary>Maps the calls.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        var items = routes.MapGroup("/api/catalog/items").WithTags("commerce");
        items.MapPost("", UpsertAsync).RequireScope(Scopes.Write).WithMetadata(new RequestSizeLimitAttribute(4 << 20))
            .TakesOneOf<ItemRequest, ItemsRequest>()
            .Describe("putItems", "Add or change items",
                "One item, or up to 1000 under `items`: all are taken, or none. The answer has the shape of the request.")
            .AnswersOneOf<ItemAnswer, ItemsAnswer>();
        items.MapGet("", ListAsync).RequireScope(Scopes.Read).Pages()
            .Describe("listItems", "Items", "What is sold, and how many there are, by sku.");
    }

    private static async Task<Results<Ok<ItemAnswer>, Ok<ItemsAnswer>, ProblemHttpResult>> UpsertAsync(
        HttpContext context, AppDbContext db, CatalogSync sync, CancellationToken ct)
    {
        var (body, problem) = await JsonBody.ReadAsync(context.Request, ct);
        if (problem is not null) return problem;
        var (organization, faults) = (context.User.Organization(), new List<FieldError>());
        var items = CatalogItems.Read(body, organization, faults);
        if (faults.Count > 0) return Problems.Unprocessable(faults);

        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var (skus, names, stocks) = (items.Select(item => item.Sku).ToArray(), items.Select(item => item.Name).ToArray(),
            items.Select(item => item.Stock).ToArray());
        var (prices, currencies) = (items.Select(item => item.PriceMinor).ToArray(), items.Select(item => item.Currency).ToArray());
        // In the order of their names, so that two requests never wait for each other; one that changes nothing is not sent to Meta.
        var changed = await db.Database.ExecuteSqlAsync($"""
            insert into catalog_items as i (organization, sku, name, stock, price_minor, currency)
            select {organization}, n.sku, n.name, n.stock, n.price_minor, n.currency
            from unnest({skus}, {names}, {stocks}, {prices}, {currencies}) as n(sku, name, stock, price_minor, currency)
            order by n.sku collate "C"
            on conflict (organization, sku) do update
            set name = excluded.name, stock = excluded.stock, price_minor = excluded.price_minor, currency = excluded.currency,
                unsynced = true, changed_at = clock_timestamp()
            where (i.name, i.stock, i.price_minor, i.currency) is distinct
                from (excluded.name, excluded.stock, excluded.price_minor, excluded.currency)
            """, ct);
        if (changed > 0) await sync.ChangedAsync(organization, ct);
        await transaction.CommitAsync(ct);
        return body.TryGetProperty(
            "items",
            out _) ? TypedResults.Ok(new ItemsAnswer([.. items.Select(ItemAnswer.Of)], changed)) : TypedResults.Ok(ItemAnswer.Of(items[0]));
    }

    private static async Task<Results<Ok<ItemPage>, ProblemHttpResult>> ListAsync(
        HttpContext context, AppDbContext db, CommerceOptions options, CancellationToken ct)
    {
        var faults = new List<FieldError>();
        var limit = Paging.Limit(context.Request, faults);
        var after = Paging.Position(context.Request, 1, faults)?[0] ?? "";
        if (faults.Count > 0) return Problems.Unprocessable(faults);
        var organization = context.User.Organization();
        var found = await db.Set<CatalogItem>().AsNoTracking()
            .Where(item => item.Organization == organization && string.Compare(item.Sku, after) > 0)
            .OrderBy(item => item.Sku).Take(limit + 1).ToListAsync(ct);
        var page = found.Take(limit).ToList();
        var skus = page.ConvertAll(item => item.Sku);
        var reports = options.CatalogId is null ? [] : await db.Set<CatalogReport>().AsNoTracking()
            .Where(report => report.Organization == organization && skus.Contains(report.Item))
            .ToDictionaryAsync(report => report.Item, StringComparer.Ordinal, ct);
        return TypedResults.Ok(new ItemPage(
            page.ConvertAll(item => ListedItem.Of(item, InCatalog(reports.GetValueOrDefault(item.Sku)))),
            found.Count > limit ? Paging.Cursor(page[^1].Sku) : null));
    }

    private static ItemInCatalog? InCatalog(CatalogReport? report) =>
        report is null ? null : new(report.Error is null ? "taken" : "refused", report.Error, report.ReportedAt.UtcDateTime);
}
