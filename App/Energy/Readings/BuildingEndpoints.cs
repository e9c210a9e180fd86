using System.Globalization;
using System.Text;
using App.Platform.Auth;
using App.Platform.Database;
using App.Platform.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace App.Energy.Readings;

/// <summary><c>GET /api/buildings</c> and the readings of one.</summary>
internal static class BuildingEndpoints
{
    /// <summary>Maps them.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        var buildings = routes.MapGroup("/api/buildings").RequireScope(Scopes.Read).WithTags("readings");
        buildings.MapGet("", ListAsync).Pages()
            .Describe("listBuildings", "Buildings", "The organization's buildings with their meters, by id.");
        buildings.MapGet("{id}/readings", ReadingsAsync).SpanParameters().Pages().Refuses(404)
            .Describe("listReadings", "Readings of a building", "With `Accept: text/csv` the whole span is streamed as CSV.")
            .PathParameter("id", "The building's id.")
            .QueryParameter("meter", "Only this meter; without it all.")
            .QueryParameter("step", "Means over so many seconds (1 to 86400) in the place of the readings themselves.", type: "integer")
            .AnswersText("text/csv", "meter,ts,watts\nmains,2026-11-29T08:00:00Z,123.4\n");
    }

    /// <summary>A building of the caller's organization, or null.</summary>
    public static Task<Building?> FindAsync(AppDbContext db, HttpContext context, string id, CancellationToken ct)
    {
        // What is no id is looked for nowhere: the database would refuse some of it.
        if (!ReadingLimits.IsId(Encoding.UTF8.GetBytes(id))) return Task.FromResult<Building?>(null);
        var organization = context.User.Organization();
        return db.Set<Building>()
            .AsNoTracking().Include(b => b.Meters).SingleOrDefaultAsync(b => b.Organization == organization && b.BuildingId == id, ct);
    }

    private static async Task<Results<Ok<BuildingPage>, ProblemHttpResult>> ListAsync(
        HttpContext context, AppDbContext db, ReadingStore store, TimeProvider time, CancellationToken ct)
    {
        var faults = new List<FieldError>();
        var limit = Paging.Limit(context.Request, faults);
        var after = Paging.Position(context.Request, 1, faults)?[0] ?? "";
        if (faults.Count > 0) return Problems.Unprocessable(faults);

        var organization = context.User.Organization();
        var found = await db.Set<Building>().AsNoTracking().Include(b => b.Meters)
            .Where(b => b.Organization == organization && string.Compare(b.BuildingId, after) > 0)
            .OrderBy(b => b.BuildingId).Take(limit + 1).ToListAsync(ct);
        var page = found.Take(limit).ToList();
        var newest = await NewestAsync(store, page, time, ct);
        return TypedResults.Ok(new BuildingPage(
            [.. page.Select(building => new BuildingAnswer(
                building.BuildingId,
                building.CreatedAt,
                building.Meters.Max(meter => newest[meter.Key]),
                building.Meters.Exists(meter => meter.NetNegative),
                [.. building.Meters.OrderBy(meter => meter.Meter, StringComparer.Ordinal)
                    .Select(meter => new MeterAnswer(meter.Meter, meter.NetNegative, newest[meter.Key]))]))],
            found.Count > limit ? Paging.Cursor(page[^1].BuildingId) : null));
    }

    // The newest reading may not have reached a block yet.
    private static async Task<Dictionary<int, DateTimeOffset?>> NewestAsync(ReadingStore store, List<Building> page, TimeProvider time,
        CancellationToken ct)
    {
        var newest = page.SelectMany(building => building.Meters).ToDictionary(meter => meter.Key, meter => meter.LastReadingAt);
        var until = (time.GetUtcNow() + ReadingLimits.MaxAhead).ToUnixTimeMilliseconds() + 1;
        var spans = page.SelectMany(building => building.Meters.Select(meter =>
            new ReadingSpan(meter.Key, building.Shard, (meter.LastReadingAt?.ToUnixTimeMilliseconds() ?? 0) + 1, until))).ToList();
        if (spans.Count == 0) return newest;
        foreach (var (meter, readings) in await store.LoadAsync(spans, null, ct))
            if (readings.Count > 0) newest[meter] = DateTimeOffset.FromUnixTimeMilliseconds(readings[^1].Ts);
        return newest;
    }

    private static async Task<Results<Ok<ReadingPage>, CsvResult, ProblemHttpResult>> ReadingsAsync(
        string id, HttpContext context, AppDbContext db, ReadingStore store, CancellationToken ct)
    {
        var query = ReadingQuery.Parse(context.Request);
        if (query.Faults.Count > 0) return Problems.Unprocessable(query.Faults);
        if (await FindAsync(db, context, id, ct) is not { } building) return Problems.NotFound("building", id);

        var meters = building.Meters.Where(meter => query.Meter is null || meter.Meter == query.Meter)
            .OrderBy(meter => meter.Meter, StringComparer.Ordinal).ToList();
        var rows = ReadAsync(store, building, meters, query, ct);
        if (query.Csv)
            return new CsvResult("meter,ts,watts",
                rows.Select(row => string.Create(CultureInfo.InvariantCulture, $"{row.Meter},{Iso(row.Ts)},{row.Watts}")));

        var page = await rows.Take(query.Limit + 1).ToListAsync(ct);
        var more = page.Count > query.Limit;
        if (more) page.RemoveAt(query.Limit);
        return TypedResults.Ok(new ReadingPage(
            building.BuildingId,
            [.. page.Select(row => new ReadingAnswer(row.Meter, Iso(row.Ts), row.Watts, row.Watts < 0))],
            more ? Paging.Cursor(page[^1].Meter, page[^1].Ts.ToString(CultureInfo.InvariantCulture)) : null));
    }

    /// <summary>A time as answers show it.</summary>
    public static string Iso(long ts) => DateTimeOffset.FromUnixTimeMilliseconds(ts).ToString(
        ts % 1000 == 0 ? "yyyy-MM-dd'T'HH:mm:ss'Z'" : "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static async IAsyncEnumerable<(string Meter, long Ts, double Watts)> ReadAsync(
        ReadingStore store, Building building, List<BuildingMeter> meters, ReadingQuery query,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        foreach (var meter in meters)
        {
            var order = query.AfterMeter is null ? 1 : string.CompareOrdinal(meter.Meter, query.AfterMeter);
            if (order < 0) continue;
            var from = order == 0 ? Math.Max(query.From, query.AfterTs + query.StepMs) : query.From;
            await foreach (var reading in store.StreamAsync(meter.Key, building.Shard, from, query.To, query.StepMs, ct))
                yield return (meter.Meter, reading.Ts, reading.Watts);
        }
    }
}
