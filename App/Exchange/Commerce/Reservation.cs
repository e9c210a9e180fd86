using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace App.Exchange.Commerce;

/// <summary>
/// A hold on stock, until it is confirmed, released, or its time is over. Written through <see cref="Reservations"/> alone.
/// </summary>
internal sealed class Reservation
{
    /// <summary>Holds stock.</summary>
    public const string Held = "held";

    /// <summary>Sold.</summary>
    public const string Confirmed = "confirmed";

    /// <summary>Given back by whoever made it.</summary>
    public const string Released = "released";

    /// <summary>Given back because its time was over.</summary>
    public const string Expired = "expired";

    /// <summary>Every status.</summary>
    public static IReadOnlyList<string> Statuses { get; } = [Held, Confirmed, Released, Expired];

    /// <summary>Identity; later ones have greater ones.</summary>
    public required Guid Id { get; init; }

    /// <summary>The tenant.</summary>
    public required string Organization { get; init; }

    /// <summary>What is held.</summary>
    public required string Sku { get; init; }

    /// <summary>How many of it.</summary>
    public required int Quantity { get; init; }

    /// <summary>The caller's name for it, which a payment names too; unique in the organization.</summary>
    public required string Reference { get; init; }

    /// <summary>Where it is.</summary>
    public required string Status { get; init; }

    /// <summary>What is to be paid for it.</summary>
    public required long AmountMinor { get; init; }

    /// <summary>In which currency.</summary>
    public required string Currency { get; init; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>From then on it cannot be confirmed.</summary>
    public DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When it ceased to be held.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>As it is answered.</summary>
    public ReservationAnswer Answer() =>
        new(
            Id, Status, Sku, Quantity, Reference, AmountMinor, Currency, CreatedAt.UtcDateTime, ExpiresAt.UtcDateTime,
            EndedAt?.UtcDateTime);
}

internal sealed class ReservationConfiguration : IEntityTypeConfiguration<Reservation>
{
    public void Configure(EntityTypeBuilder<Reservation> builder)
    {
        builder.ToTable("reservations");
        builder.Property(reservation => reservation.Id).HasColumnName("id");
        builder.Property(reservation => reservation.Organization).HasColumnName("organization");
        builder.Property(reservation => reservation.Sku).HasColumnName("sku");
        builder.Property(reservation => reservation.Quantity).HasColumnName("quantity");
        builder.Property(reservation => reservation.Reference).HasColumnName("reference");
        builder.Property(reservation => reservation.Status).HasColumnName("status");
        builder.Property(reservation => reservation.AmountMinor).HasColumnName("amount_minor");
        builder.Property(reservation => reservation.Currency).HasColumnName("currency");
        builder.Property(reservation => reservation.CreatedAt).HasColumnName("created_at");
        builder.Property(reservation => reservation.ExpiresAt).HasColumnName("expires_at");
        builder.Property(reservation => reservation.EndedAt).HasColumnName("ended_at");
    }
}
