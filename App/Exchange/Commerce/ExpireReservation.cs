using App.Engines.Jobs;
using App.Platform.Database;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace App.Exchange.Commerce;

/// <summary>Which reservation.</summary>
internal sealed record ExpireReservationArgs(Guid ReservationId);

/// <summary>
/// Gives back what a reservation holds when its time is over. Each has a job of its own, queued with it and due then; nobody scans for
/// them.
/// </summary>
internal sealed class ExpireReservation(AppDbContext db, Reservations reservations) : IJobHandler<ExpireReservationArgs>
{
    /// <summary>The kind.</summary>
    public static readonly JobKind Kind = new() { Name = "reservation.expire", MaxAttempts = 20, Timeout = TimeSpan.FromSeconds(30) };

    private static readonly TimeSpan NotYet = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public async Task<JobOutcome> RunAsync(ExpireReservationArgs args, JobContext job, CancellationToken ct)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var held = await db.Set<Reservation>()
            .AnyAsync(reservation => reservation.Id == args.ReservationId && reservation.Status == Reservation.Held, ct);
        if (!held) return JobOutcome.Done();
        if (await reservations.EndInAsync(args.ReservationId, Reservation.Expired, ct) is null)
        {
            // Ended meanwhile, or the clock of the database was set back.
            return JobOutcome.Snooze(NotYet);
        }
        var settled = await job.CompleteInAsync((NpgsqlConnection)db.Database.GetDbConnection(),
            (NpgsqlTransaction)transaction.GetDbTransaction(), ct);
        await transaction.CommitAsync(ct);
        return settled;
    }
}
