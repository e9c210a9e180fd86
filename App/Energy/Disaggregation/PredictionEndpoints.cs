using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using App.Energy.Readings;
using App.Engines.Models;
using App.Platform.Auth;
using App.Platform.Database;
using App.Platform.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace App.Energy.Disaggregation;

/// <summary><c>GET /api/buildings/{id}/predictions</c>: one item a minute and appliance, JSON pages or CSV whole.</summary>
internal sealed class PredictionEndpoints
{
    // A version never changes, so what its numbers mean is read once.
    private readonly ConcurrentDictionary<int, Meaning> meanings = new();

    private sealed record Meaning(string Model, string[] Appliances);

    private sealed record Query(DateTimeOffset From, DateTimeOffset To, string? Appliance, DateTimeOffset After, int AfterIndex, int Limit);

    /// <summary>Maps it.</summary>
    public void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/api/buildings/{id}/predictions", GetAsync).RequireScope(Scopes.Read).WithTags("disaggregation").SpanParameters()
            .Pages().Refuses(404)
            .Describe("listPredictions", "Predictions of a building",
                "One item a minute and appliance. With `Accept: text/csv` the whole span is streamed as CSV.")
            .PathParameter("id", "The building's id.")
            .QueryParameter("appliance", "Only this appliance; without it all.", Appliances.All)
            .AnswersText("text/csv", "ts,appliance,watts,on,final,model\n2026-11-29T08:00:00Z,kettle,2011.5,true,true,disaggregation@1\n");

    private async Task<Results<Ok<PredictionPage>, CsvResult, ProblemHttpResult>> GetAsync(
        string id, HttpContext context, AppDbContext db, CancellationToken ct)
    {
        var faults = new List<FieldError>();
        var query = Parse(context.Request, faults);
        if (faults.Count > 0) return Problems.Unprocessable(faults);
        if (await BuildingEndpoints.FindAsync(db, context, id, ct) is not { } building) return Problems.NotFound("building", id);

        var items = ReadAsync(db, building.Key, query, ct);
        if (CsvResult.IsAskedFor(context.Request))
            return new CsvResult("ts,appliance,watts,on,final,model", items.Select(found => CsvLine(found.Item)));

        var page = await items.Take(query.Limit + 1).ToListAsync(ct);
        var more = page.Count > query.Limit;
        if (more) page.RemoveAt(query.Limit);
        return TypedResults.Ok(new PredictionPage(
            building.BuildingId,
            page.ConvertAll(found => found.Item),
            more ? Paging.Cursor(page[^1].Item.Ts, page[^1].Index.ToString(CultureInfo.InvariantCulture)) : null));
    }

    private static string CsvLine(PredictionAnswer row) => string.Create(CultureInfo.InvariantCulture,
        $"{row.Ts},{row.Appliance},{row.Watts:0.0},{(row.On ? "true" : "false")},{(row.Final ? "true" : "false")},{row.Model}");

    private static Query Parse(HttpRequest request, List<FieldError> faults)
    {
        var from = Paging.Time(request, "from", faults) ?? DateTimeOffset.MinValue;
        var to = Paging.Time(request, "to", faults) ?? DateTimeOffset.MaxValue;
        var appliance = request.Query["appliance"].ToString();
        if (appliance.Length > 0 && !Appliances.All.Contains(appliance))
            faults.Add(new FieldError("appliance", Problems.Shorten(appliance), $"use one of {string.Join(", ", Appliances.All)}"));
        var limit = Paging.Limit(request, faults);
        var (after, index) = (from, -1);
        if (Paging.Position(request, 2, faults) is { } position)
        {
            if (DateTimeOffset.TryParse(position[0], CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out after)
                && int.TryParse(position[1], NumberStyles.None, CultureInfo.InvariantCulture, out index))
                return new Query(from, to, Empty(appliance), after, index, limit);
            faults.Add(new FieldError("cursor", Problems.Shorten(request.Query["cursor"].ToString()),
                "give the 'next' of the page before, unchanged"));
        }
        return new Query(from, to, Empty(appliance), from, -1, limit);
    }

    private static string? Empty(string text) => text.Length == 0 ? null : text;

    // Rows come a thousand at a time, whatever is asked: a page stops early, a file goes on.
    private async IAsyncEnumerable<(PredictionAnswer Item, int Index)> ReadAsync(
        AppDbContext db, int building, Query query, [EnumeratorCancellation] CancellationToken ct)
    {
        const int AtOnce = 1000;
        var from = query.After;
        while (true)
        {
            var rows = await db.Set<Prediction>().AsNoTracking()
                .Where(p => p.BuildingKey == building && p.Ts >= from && p.Ts < query.To)
                .OrderBy(p => p.Ts).Take(AtOnce).ToListAsync(ct);
            await LearnAsync(db, rows, ct);
            foreach (var row in rows)
                foreach (var found in ItemsOf(row, query))
                    yield return found;
            if (rows.Count < AtOnce) yield break;
            from = rows[^1].Ts.AddMicroseconds(1);
        }
    }

    private IEnumerable<(PredictionAnswer Item, int Index)> ItemsOf(Prediction row, Query query)
    {
        var meaning = meanings[row.ModelVersionId];
        var ts = BuildingEndpoints.Iso(row.Ts.ToUnixTimeMilliseconds());
        for (var i = 0; i < meaning.Appliances.Length; i++)
        {
            if (row.Ts == query.After && i <= query.AfterIndex) continue;
            if (query.Appliance is not null && meaning.Appliances[i] != query.Appliance) continue;
            // What is left is on whenever anything is.
            var isOther = i == meaning.Appliances.Length - 1;
            var on = isOther ? row.Watts[i] > 0 : (row.OnBits >> i & 1) != 0;
            yield return (new PredictionAnswer(ts, meaning.Appliances[i], MathF.Round(row.Watts[i], 1), on, row.Final, meaning.Model), i);
        }
    }

    private async Task LearnAsync(AppDbContext db, List<Prediction> rows, CancellationToken ct)
    {
        var unknown = rows.Select(row => row.ModelVersionId).Distinct().Where(version => !meanings.ContainsKey(version)).ToList();
        if (unknown.Count == 0) return;
        foreach (var version in await db.Set<ModelVersion>().AsNoTracking().Where(version => unknown.Contains(version.Id)).ToListAsync(ct))
            meanings[version.Id] = new Meaning(version.Label, [.. ModelSpec.Parse(version.Spec).Labels, Appliances.Other]);
    }
}
