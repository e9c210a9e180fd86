using App.Platform.Auth;
using App.Platform.Database;
using App.Platform.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;

namespace App.Exchange.Commerce;

/// <summary><c>/api/reservations</c>: hold stock, confirm it, give it back.</summary>
internal static class ReservationEndpoints
{
    private const int MostQuantity = 1_000_000;
    private const string Id = "The reservation's id.";

    /// <summary>Maps the calls.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        var reservations = routes.MapGroup("/api/reservations").WithTags("commerce");
        reservations.MapPost("", ReserveAsync).RequireScope(Scopes.Write).WithMetadata(new RequestSizeLimitAttribute(64 << 10))
            .Takes<ReservationRequest>().Refuses(404, 409)
            .Describe("createReservation", "Hold stock",
                "Until it is confirmed, released, or its time is over. Stock never falls below zero.");
        reservations.MapGet("", ListAsync).RequireScope(Scopes.Read).Pages()
            .Describe("listReservations", "Reservations", "The newest first.")
            .QueryParameter("status", "Only reservations in this status.", Reservation.Statuses)
            .QueryParameter("reference", "Only the one with this reference.");
        reservations.MapGet("{id}", GetAsync).RequireScope(Scopes.Read).Refuses(404)
            .Describe("getReservation", "A reservation").PathParameter("id", Id);
        reservations.MapPost("{id}/confirm", ConfirmAsync).RequireScope(Scopes.Write).Refuses(404, 409)
            .Describe("confirmReservation", "Sell what is held", "A payment of the whole amount does the same.").PathParameter("id", Id);
        reservations.MapDelete("{id}", ReleaseAsync).RequireScope(Scopes.Write).Refuses(404, 409)
            .Describe("releaseReservation", "Give back what is held").PathParameter("id", Id);
    }

    private static async Task<Results<Created<ReservationAnswer>, ProblemHttpResult>> ReserveAsync(
        HttpContext context, Reservations reservations, CancellationToken ct)
    {
        var (body, problem) = await JsonBody.ReadAsync(context.Request, ct);
        if (problem is not null) return problem;
        var faults = new List<FieldError>();
        var fields = new JsonFields(body, "", faults);
        fields.Only("sku", "quantity", "reference");
        var (sku, quantity, reference) = (CatalogItems.Text(fields, "sku", 128), (int)fields.Long("quantity", 1, MostQuantity),
            CatalogItems.Text(fields, "reference", 128));
        if (faults.Count > 0) return Problems.Unprocessable(faults);

        var (outcome, reservation) = await reservations.ReserveAsync(context.User.Organization(), sku, quantity, reference, ct);
        return outcome switch
        {
            ReserveOutcome.Held => TypedResults.Created($"/api/reservations/{reservation!.Id}", reservation.Answer()),
            ReserveOutcome.NoSuchItem => Problems.NotFound("item", sku),
            ReserveOutcome.TooLittle =>
                Conflict("There is too little in stock.", "quantity", $"{quantity}", "ask for less, or wait until more is there"),
            ReserveOutcome.Ended =>
                Conflict($"The reservation of this reference is {reservation!.Status}.", "reference", reference,
                    "use another reference for a new reservation"),
            _ =>
                Conflict("The reference was used for another reservation.", "reference", reference,
                    $"use another reference: this one is of {reservation!.Quantity} × {Problems.Shorten(reservation.Sku)}"),
        };
    }

    private static async Task<Results<Ok<ReservationPage>, ProblemHttpResult>> ListAsync(
        HttpContext context, AppDbContext db, CancellationToken ct)
    {
        var faults = new List<FieldError>();
        var limit = Paging.Limit(context.Request, faults);
        var status = context.Request.Query["status"].ToString();
        if (status.Length > 0 && !Reservation.Statuses.Contains(status))
            faults.Add(new FieldError("status", Problems.Shorten(status), $"use one of {string.Join(", ", Reservation.Statuses)}"));
        var reference = context.Request.Query["reference"].ToString();
        var before = Guid.AllBitsSet;
        if (Paging.Position(context.Request, 1, faults) is { } position && !Guid.TryParse(position[0], out before))
            faults.Add(new FieldError("cursor", Problems.Shorten(context.Request.Query["cursor"].ToString()),
                "give the 'next' of the page before, unchanged"));
        if (faults.Count > 0) return Problems.Unprocessable(faults);
        var organization = context.User.Organization();
        var found = await db.Set<Reservation>().AsNoTracking()
            .Where(one =>
                one.Organization == organization && one.Id < before && (status == "" || one.Status == status)
                    && (reference == "" || one.Reference == reference))
            .OrderByDescending(one => one.Id).Take(limit + 1).ToListAsync(ct);
        var page = found.Take(limit).ToList();
        return TypedResults.Ok(new ReservationPage(
            page.ConvertAll(one => one.Answer()), found.Count > limit ? Paging.Cursor(page[^1].Id.ToString()) : null));
    }

    private static async Task<Results<Ok<ReservationAnswer>, ProblemHttpResult>> GetAsync(
        string id, HttpContext context, AppDbContext db, CancellationToken ct)
    {
        var organization = context.User.Organization();
        return Guid.TryParse(id, out var wanted)
            && await db.Set<Reservation>()
                .AsNoTracking().SingleOrDefaultAsync(one => one.Id == wanted && one.Organization == organization, ct) is { } found
            ? TypedResults.Ok(found.Answer())
            : Problems.NotFound("reservation", id);
    }

    private static async Task<Results<Ok<ReservationAnswer>, ProblemHttpResult>> ConfirmAsync(
        string id, HttpContext context, Reservations reservations, CancellationToken ct)
    {
        if (!Guid.TryParse(id, out var wanted) || await reservations.ConfirmAsync(context.User.Organization(), wanted, ct) is not { } now)
            return Problems.NotFound("reservation", id);
        return now.Status == Reservation.Confirmed
            ? TypedResults.Ok(now.Answer())
            : Conflict($"The reservation is {now.Status}.", "status", now.Status, "reserve again with another reference");
    }

    private static async Task<Results<Ok<ReservationAnswer>, ProblemHttpResult>> ReleaseAsync(
        string id, HttpContext context, Reservations reservations, CancellationToken ct)
    {
        if (!Guid.TryParse(id, out var wanted) || await reservations.ReleaseAsync(context.User.Organization(), wanted, ct) is not { } now)
            return Problems.NotFound("reservation", id);
        return now.Status == Reservation.Confirmed
            ? Conflict("The reservation is confirmed.", "status", now.Status, "what is sold comes back by changing the item's stock")
            : TypedResults.Ok(now.Answer());
    }

    private static ProblemHttpResult Conflict(string title, string field, string value, string cure) =>
        Problems.Of(StatusCodes.Status409Conflict, title, new FieldError(field, Problems.Shorten(value), cure));
}
