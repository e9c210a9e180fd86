using App.Engines.Jobs;
using App.Platform.Database;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace App.Exchange.Commerce;

/// <summary>
/// Takes stock, gives it back, and sells it. Each change is one statement, and the database's clock decides who came in time.
/// </summary>
internal sealed class Reservations(AppDbContext db, JobQueue queue, CatalogSync catalog, CommerceEvents events, CommerceOptions options,
    CommerceMetrics metrics)
{
    /// <summary>Holds stock, and queues the expiry in the same commit. The same reference gets the same reservation.</summary>
    public async Task<(ReserveOutcome Outcome, Reservation? Reservation)> ReserveAsync(string organization, string sku, int quantity,
        string reference, CancellationToken ct)
    {
        if (await FindAsync(organization, reference, ct) is { } before) return Judge(before, sku, quantity);
        try
        {
            await using var transaction = await db.Database.BeginTransactionAsync(ct);
            if (await TakeAsync(organization, sku, quantity, reference, ct) is { } made)
            {
                await queue.EnqueueAsync(db,
                    [new NewJob(ExpireReservation.Kind.Name, new ExpireReservationArgs(made.Id)) { Organization = organization,
                        Delay = options.ReservationTtl }], ct);
                await catalog.ChangedAsync(organization, ct);
                await transaction.CommitAsync(ct);
                metrics.Reserved(Reservation.Held);
                return (ReserveOutcome.Held, made);
            }
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            // The same request at the same time: the other one's reservation is the answer.
        }
        if (await FindAsync(organization, reference, ct) is { } other) return Judge(other, sku, quantity);
        metrics.Reserved("refused");
        return (await db.Set<CatalogItem>().AnyAsync(item => item.Organization == organization && item.Sku == sku, ct)
            ? ReserveOutcome.TooLittle : ReserveOutcome.NoSuchItem, null);
    }

    /// <summary>Sells what is held.</summary>
    /// <returns>The reservation as it is now, which is not confirmed where that came too late; null: there is none.</returns>
    public async Task<Reservation?> ConfirmAsync(string organization, Guid id, CancellationToken ct)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var now = await LockAsync(organization, id, ct) is { } reservation ? await ConfirmInAsync(reservation, ct) : null;
        await transaction.CommitAsync(ct);
        return now;
    }

    /// <summary>The same to a reservation that is locked, in the transaction that is open; too late, it expires.</summary>
    public async Task<Reservation> ConfirmInAsync(Reservation locked, CancellationToken ct)
    {
        if (locked.Status != Reservation.Held) return locked;
        var confirmed = (await db.Set<Reservation>().FromSql($"""
            update reservations set status = 'confirmed', ended_at = clock_timestamp()
            where id = {locked.Id} and status = 'held' and expires_at > clock_timestamp() returning *
            """).AsNoTracking().ToListAsync(ct)).SingleOrDefault();
        if (confirmed is null) return await EndInAsync(locked.Id, Reservation.Expired, ct) ?? locked;
        await TellAsync(confirmed, ct);
        return confirmed;
    }

    /// <summary>Gives back what is held.</summary>
    /// <returns>The reservation as it is now; null: there is none.</returns>
    public async Task<Reservation?> ReleaseAsync(string organization, Guid id, CancellationToken ct)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        if (await LockAsync(organization, id, ct) is not { } reservation) return null;
        var now = await EndInAsync(id, Reservation.Released, ct) ?? reservation;
        await transaction.CommitAsync(ct);
        return now;
    }

    /// <summary>
    /// Ends a reservation that is held, and gives its stock back, in the transaction that is open. It expires only when its time is over.
    /// </summary>
    /// <returns>The reservation; null: it is not held, or its time is not over.</returns>
    public async Task<Reservation?> EndInAsync(Guid id, string status, CancellationToken ct)
    {
        var ended = (await db.Set<Reservation>().FromSql($"""
            with ended as (
                update reservations set status = {status}, ended_at = clock_timestamp()
                where id = {id} and status = 'held' and ({status} <> 'expired' or expires_at <= clock_timestamp())
                returning *
            ), given_back as (
                update catalog_items i set stock = i.stock + e.quantity, unsynced = true, changed_at = clock_timestamp()
                from ended e where i.organization = e.organization and i.sku = e.sku
            )
            select * from ended
            """).AsNoTracking().ToListAsync(ct)).SingleOrDefault();
        if (ended is null) return null;
        await catalog.ChangedAsync(ended.Organization, ct);
        await TellAsync(ended, ct);
        return ended;
    }

    /// <summary>Locks a reservation until the transaction ends.</summary>
    public async Task<Reservation?> LockAsync(string organization, Guid id, CancellationToken ct) =>
        (await db.Set<Reservation>().FromSql($"select * from reservations where id = {id} and organization = {organization} for update")
            .AsNoTracking().ToListAsync(ct)).SingleOrDefault();

    // Whoever waits for the lock of the item looks at the stock again when it has it: of 500 who want the last one, one gets it.
    private async Task<Reservation?> TakeAsync(string organization, string sku, int quantity, string reference, CancellationToken ct) =>
        (await db.Set<Reservation>().FromSql($"""
            with taken as (
                update catalog_items set stock = stock - {quantity}, unsynced = true, changed_at = clock_timestamp()
                where organization = {organization} and sku = {sku} and stock >= {quantity}
                returning price_minor, currency
            )
            insert into reservations (id, organization, sku, quantity, reference, amount_minor, currency, expires_at)
            select {Guid.CreateVersion7()}, {organization}, {sku}, {quantity}, {reference}, price_minor * {quantity}, currency,
                clock_timestamp() + {options.ReservationTtl}
            from taken
            returning *
            """).AsNoTracking().ToListAsync(ct)).SingleOrDefault();

    private Task<Reservation?> FindAsync(string organization, string reference, CancellationToken ct) =>
        db.Set<Reservation>().AsNoTracking()
            .SingleOrDefaultAsync(reservation => reservation.Organization == organization && reservation.Reference == reference, ct);

    private static (ReserveOutcome, Reservation?) Judge(Reservation found, string sku, int quantity) =>
        (found.Sku != sku || found.Quantity != quantity ? ReserveOutcome.OtherRequest
            : found.Status is Reservation.Held or Reservation.Confirmed ? ReserveOutcome.Held
            : ReserveOutcome.Ended, found);

    private async Task TellAsync(Reservation reservation, CancellationToken ct)
    {
        metrics.Reserved(reservation.Status);
        await events.PublishAsync(reservation.Organization, $"reservation.{reservation.Status}", reservation.Answer(), ct);
    }
}

/// <summary>What became of a request for stock.</summary>
internal enum ReserveOutcome
{
    /// <summary>It is held, now or since an earlier request with the same reference.</summary>
    Held,

    /// <summary>There is not enough.</summary>
    TooLittle,

    /// <summary>The catalog has no such item.</summary>
    NoSuchItem,

    /// <summary>The reference is that of a reservation that was released or has expired.</summary>
    Ended,

    /// <summary>The reference is that of a reservation of something else.</summary>
    OtherRequest,
}
