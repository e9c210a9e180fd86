using App.Platform.Auth;
using App.Platform.Database;
using App.Platform.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace App.Exchange.Commerce;

/// <summary><c>/api/payments</c>: what was paid, and what must be given back.</summary>
internal static class PaymentEndpoints
{
    private const string Id = "Number of the payment.";

    /// <summary>Maps the calls.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        var payments = routes.MapGroup("/api/payments").WithTags("commerce");
        payments.MapGet("", ListAsync).RequireScope(Scopes.Read).Pages()
            .Describe("listPayments", "Payments", "The newest first.")
            .QueryParameter("status", "Only payments in this status.", Payment.Statuses)
            .QueryParameter("provider", "Only those that this provider has told of.")
            .QueryParameter("reference", "Only those that say that they pay this.")
            .QueryParameter("needsRefund", "Only those that must be given back, or only the others.", type: "boolean");
        payments.MapGet("{id:long}", GetAsync).RequireScope(Scopes.Read).Refuses(404)
            .Describe("getPayment", "A payment").PathParameter("id", Id);
        payments.MapPost("{id:long}/refunded", SettleAsync).RequireScope(Scopes.Write).Refuses(404, 409)
            .Describe("settleRefund", "Note that a payment was given back",
                "For one whose `needsRefund` is true and that was given back by hand.")
            .PathParameter("id", Id);
    }

    private static async Task<Results<Ok<PaymentPage>, ProblemHttpResult>> ListAsync(
        HttpContext context, AppDbContext db, CancellationToken ct)
    {
        var faults = new List<FieldError>();
        var (request, limit) = (context.Request, Paging.Limit(context.Request, faults));
        var (status, provider, reference, flag) = (request.Query["status"].ToString(), request.Query["provider"].ToString(),
            request.Query["reference"].ToString(), request.Query["needsRefund"].ToString());
        if (status.Length > 0 && !Payment.Statuses.Contains(status))
            faults.Add(new FieldError("status", Problems.Shorten(status), $"use one of {string.Join(", ", Payment.Statuses)}"));
        if (flag.Length > 0 && !bool.TryParse(flag, out _))
            faults.Add(new FieldError("needsRefund", Problems.Shorten(flag), "use true or false"));
        var before = long.MaxValue;
        if (Paging.Position(request, 1, faults) is { } position && !long.TryParse(position[0], out before))
            faults.Add(new FieldError("cursor", Problems.Shorten(request.Query["cursor"].ToString()),
                "give the 'next' of the page before, unchanged"));
        if (faults.Count > 0) return Problems.Unprocessable(faults);

        var organization = context.User.Organization();
        var wanted = db.Set<Payment>().AsNoTracking().Where(payment => payment.Organization == organization && payment.Id < before);
        if (status.Length > 0) wanted = wanted.Where(payment => payment.Status == status);
        if (provider.Length > 0) wanted = wanted.Where(payment => payment.Provider == provider);
        if (reference.Length > 0) wanted = wanted.Where(payment => payment.Reference == reference);
        if (flag.Length > 0)
            wanted = bool.Parse(flag) ? wanted.Where(payment => payment.NeedsRefund) : wanted.Where(payment => !payment.NeedsRefund);
        var found = await wanted.OrderByDescending(payment => payment.Id).Take(limit + 1).ToListAsync(ct);
        var page = found.Take(limit).ToList();
        return TypedResults.Ok(new PaymentPage(
            page.ConvertAll(payment => payment.Answer()), found.Count > limit ? Paging.Cursor($"{page[^1].Id}") : null));
    }

    private static async Task<Results<Ok<PaymentAnswer>, ProblemHttpResult>> GetAsync(
        long id, HttpContext context, AppDbContext db, CancellationToken ct)
    {
        var organization = context.User.Organization();
        return await db.Set<Payment>()
            .AsNoTracking().SingleOrDefaultAsync(payment => payment.Id == id && payment.Organization == organization, ct) is { } found
            ? TypedResults.Ok(found.Answer())
            : Problems.NotFound("payment", $"{id}");
    }

    private static async Task<Results<Ok<PaymentAnswer>, ProblemHttpResult>> SettleAsync(
        long id, HttpContext context, Payments payments, CancellationToken ct)
    {
        if (await payments.SettleAsync(context.User.Organization(), id, ct) is not { } now) return Problems.NotFound("payment", $"{id}");
        return now.Status == Payment.Refunded
            ? TypedResults.Ok(now.Answer())
            : Problems.Of(StatusCodes.Status409Conflict, "The payment is not one that must be refunded.",
                new FieldError("needsRefund", "false", "choose one of GET /api/payments?needsRefund=true"));
    }
}
