using App.Platform.Auth;
using App.Platform.Database;
using Microsoft.EntityFrameworkCore;

namespace App.Exchange.Commerce;

/// <summary>
/// Keeps what providers tell of payments, in whatever order and however often they tell it, and confirms what is paid.
/// Money that pays nothing is never dropped: it is kept, flagged for a refund, and reported.
/// </summary>
internal sealed class Payments(AppDbContext db, Reservations reservations, CommerceEvents events, CommerceMetrics metrics,
    ILogger<Payments> log)
{
    /// <summary>Applies a notice in the transaction that is open.</summary>
    /// <returns>What it came to, in words.</returns>
    public async Task<string> ApplyAsync(PaymentNotice notice, CancellationToken ct)
    {
        var payment = await OpenAsync(notice, ct);
        return notice.News switch
        {
            PaymentNews.Succeeded =>
                payment.Status is Payment.Pending or Payment.Failed
                    ? await SucceedAsync(payment, notice, ct) : $"Payment {payment.Id} is known.",
            PaymentNews.Failed =>
                payment.Status == Payment.Pending
                    ? await FailAsync(payment, notice, ct) : $"Payment {payment.Id} is {payment.Status} already.",
            _ => await RefundAsync(payment, notice, ct),
        };
    }

    /// <summary>Notes that somebody has given the money back past the provider's webhooks.</summary>
    /// <returns>The payment as it is now; null: there is none.</returns>
    public async Task<Payment?> SettleAsync(string organization, long id, CancellationToken ct)
    {
        await db.Database.ExecuteSqlAsync($"""
            update payments set status = 'refunded', needs_refund = false, refunded_minor = amount_minor, updated_at = clock_timestamp()
            where id = {id} and organization = {organization} and needs_refund
            """, ct);
        return await db.Set<Payment>()
            .AsNoTracking().SingleOrDefaultAsync(payment => payment.Id == id && payment.Organization == organization, ct);
    }

    // Finds or makes its row and locks it: two notices of one payment are applied one after the other.
    private async Task<Payment> OpenAsync(PaymentNotice notice, CancellationToken ct)
    {
        if (notice.News is PaymentNews.Refunded or PaymentNews.RefundFailed)
        {
            // A refund may name the payment by either of its names.
            var known = await db.Set<Payment>().FromSql($"""
                select * from payments where provider = {notice.Provider}
                    and (provider_reference = {notice.ProviderReference} or reference = {notice.ProviderReference})
                order by provider_reference = {notice.ProviderReference} desc, id desc limit 1 for update
                """).AsNoTracking().ToListAsync(ct);
            if (known.Count > 0) return known[0];
        }
        // One whose refund came first was made under the name that the refund gave it, which may be ours.
        else if (notice.ProviderReference != notice.Reference)
            await db.Database.ExecuteSqlAsync($"""
                update payments set provider_reference = {notice.ProviderReference} where provider = {notice.Provider}
                    and provider_reference = {notice.Reference} and status = 'pending'
                    and not exists (select from payments known where known.provider = {notice.Provider}
                        and known.provider_reference = {notice.ProviderReference})
                """, ct);
        return (await db.Set<Payment>().FromSql($"""
            insert into payments (organization, provider, provider_reference, reference, amount_minor, currency)
            values ({Scopes.OperatorsOrganization}, {notice.Provider}, {notice.ProviderReference}, {notice.Reference}, {notice.AmountMinor},
                {notice.Currency})
            on conflict (provider, provider_reference) do update set updated_at = clock_timestamp()
            returning *
            """).AsNoTracking().ToListAsync(ct)).Single();
    }

    private async Task<string> SucceedAsync(Payment payment, PaymentNotice notice, CancellationToken ct)
    {
        var (reservation, reason) = await FindAsync(notice, ct);
        if (reservation is not null) reason = await SettleAsync(payment, notice, reservation, ct);
        var (organization, reservationId) = (reservation?.Organization ?? Scopes.OperatorsOrganization, reservation?.Id);
        var needsRefund = reason is not null;
        var now = (await db.Set<Payment>().FromSql($"""
            update payments set status = 'succeeded', organization = {organization}, reservation_id = {reservationId},
                reference = {notice.Reference},
                amount_minor = {notice.AmountMinor}, currency = {notice.Currency}, needs_refund = {needsRefund}, refund_reason = {reason},
                    updated_at = clock_timestamp()
            where id = {payment.Id} returning *
            """).AsNoTracking().ToListAsync(ct)).Single();
        metrics.Paid(notice.Provider, Payment.Succeeded);
        await events.PublishAsync(organization, "payment.received", now.Answer(), ct);
        // Its refund may have come before it.
        if (payment.RefundedMinor > 0) await CountRefundsAsync(payment.Id, ct);
        if (reason is null) return $"Payment {payment.Id} confirmed reservation {reservationId}.";
        metrics.MustRefund(notice.Provider, reason);
        log.LogWarning("Payment {Payment} of {AmountMinor} {Currency} by {Provider} ({ProviderReference}) must be refunded: {Reason}",
            payment.Id, notice.AmountMinor, notice.Currency, notice.Provider, notice.ProviderReference, reason);
        await events.PublishAsync(organization, "payment.needs_refund", now.Answer(), ct);
        return $"Payment {payment.Id} must be refunded: {reason}.";
    }

    /// <summary>Lets a payment have the reservation that it names; answers why not.</summary>
    private async Task<string?> SettleAsync(Payment payment, PaymentNotice notice, Reservation reservation, CancellationToken ct)
    {
        switch (reservation.Status)
        {
            case Reservation.Expired: return RefundReason.Expired;
            case Reservation.Released: return RefundReason.Released;
        }
        if (notice.Currency != reservation.Currency) return RefundReason.WrongCurrency;
        if (notice.AmountMinor != reservation.AmountMinor) return RefundReason.WrongAmount;
        if (await db.Set<Payment>()
            .AnyAsync(
                other =>
                    other.ReservationId == reservation.Id && other.Id != payment.Id && other.Status == Payment.Succeeded
                        && !other.NeedsRefund, ct))
            return RefundReason.AlreadyPaid;
        return (await reservations.ConfirmInAsync(reservation, ct)).Status == Reservation.Confirmed ? null : RefundReason.Expired;
    }

    // The id says it beyond doubt. A reference is unique in an organization only: where two have it, nobody is guessed.
    private async Task<(Reservation? Found, string? Reason)> FindAsync(PaymentNotice notice, CancellationToken ct)
    {
        var id = notice.ReservationId ?? (Guid.TryParse(notice.Reference, out var parsed) ? parsed : Guid.Empty);
        var named = await db.Set<Reservation>().AsNoTracking()
            .Where(one =>
                one.Id == id
                    || (one.Reference == notice.Reference && (notice.Organization == null || one.Organization == notice.Organization)))
            .Take(3).ToListAsync(ct);
        var found = named.Find(one => one.Id == id) ?? (named.Count == 1 && notice.ReservationId is null ? named[0] : null);
        if (found is null) return (null, named.Count > 1 ? RefundReason.AmbiguousReference : RefundReason.UnknownReference);
        return (await reservations.LockAsync(found.Organization, found.Id, ct), null);
    }

    private async Task<string> FailAsync(Payment payment, PaymentNotice notice, CancellationToken ct)
    {
        var (reservation, _) = await FindAsync(notice, ct);
        var (organization, reservationId) = (reservation?.Organization ?? Scopes.OperatorsOrganization, reservation?.Id);
        await db.Database.ExecuteSqlAsync($"""
            update payments set status = 'failed', organization = {organization}, reservation_id = {reservationId},
                updated_at = clock_timestamp() where id = {payment.Id}
            """, ct);
        metrics.Paid(payment.Provider, Payment.Failed);
        return $"Payment {payment.Id} failed.";
    }

    private async Task<string> RefundAsync(Payment payment, PaymentNotice notice, CancellationToken ct)
    {
        var status = notice.News == PaymentNews.Refunded ? "processed" : "failed";
        var name = notice.RefundReference ?? notice.ProviderReference;
        await db.Database.ExecuteSqlAsync($"""
            insert into payment_refunds as r (payment_id, refund_reference, amount_minor, status)
                values ({payment.Id}, {name}, {notice.AmountMinor}, {status})
            on conflict (payment_id, refund_reference) do update set status = excluded.status, amount_minor = excluded.amount_minor
                where r.status = 'failed'
            """, ct);
        await CountRefundsAsync(payment.Id, ct);
        return $"Refund {name} of payment {payment.Id}: {status}.";
    }

    // What has been given back whole is refunded. Money that could not be given back still must be.
    private async Task CountRefundsAsync(long payment, CancellationToken ct)
    {
        var changed = await db.Set<Payment>().FromSql($"""
            update payments p set refunded_minor = f.given, updated_at = clock_timestamp(),
                status = case when p.status = 'succeeded' and f.given >= p.amount_minor then 'refunded' else p.status end,
                needs_refund = p.status = 'succeeded' and f.given < p.amount_minor and (p.needs_refund or f.failed),
                refund_reason = coalesce(p.refund_reason, case when p.status = 'succeeded' and f.failed
                    and f.given < p.amount_minor then {RefundReason.RefundFailed} end)
            from (select coalesce(sum(amount_minor) filter (where status = 'processed'), 0)::bigint as given,
                coalesce(bool_or(status = 'failed'), false) as failed
                from payment_refunds where payment_id = {payment}) f
            where p.id = {payment} returning p.*
            """).AsNoTracking().ToListAsync(ct);
        if (changed is [{ Status: Payment.Refunded } refunded])
        {
            metrics.Paid(refunded.Provider, Payment.Refunded);
            await events.PublishAsync(refunded.Organization, "payment.refunded", refunded.Answer(), ct);
        }
    }
}

/// <summary>Why a payment must be given back. The words are stored and answered.</summary>
internal static class RefundReason
{
    /// <summary>It came after the reservation's time was over.</summary>
    public const string Expired = "expired";

    /// <summary>It came after the reservation was released.</summary>
    public const string Released = "released";

    /// <summary>Not what the reservation costs.</summary>
    public const string WrongAmount = "wrongAmount";

    /// <summary>Not in the reservation's currency.</summary>
    public const string WrongCurrency = "wrongCurrency";

    /// <summary>Another payment has paid the reservation.</summary>
    public const string AlreadyPaid = "alreadyPaid";

    /// <summary>It names no reservation.</summary>
    public const string UnknownReference = "unknownReference";

    /// <summary>It names reservations of several organizations.</summary>
    public const string AmbiguousReference = "ambiguousReference";

    /// <summary>A refund of it has failed.</summary>
    public const string RefundFailed = "refundFailed";
}
