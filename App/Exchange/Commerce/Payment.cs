using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace App.Exchange.Commerce;

/// <summary>Money that a provider has told of. Written through <see cref="Payments"/> alone.</summary>
internal sealed class Payment
{
    /// <summary>Known only from an event other than its charge, such as a refund that came first.</summary>
    public const string Pending = "pending";

    /// <summary>Nothing was paid.</summary>
    public const string Failed = "failed";

    /// <summary>Paid.</summary>
    public const string Succeeded = "succeeded";

    /// <summary>Paid and given back, whole.</summary>
    public const string Refunded = "refunded";

    /// <summary>Every status, in the order in which a payment moves.</summary>
    public static IReadOnlyList<string> Statuses { get; } = [Pending, Failed, Succeeded, Refunded];

    /// <summary>Number.</summary>
    public long Id { get; init; }

    /// <summary>The tenant whose reservation it pays; the operator's where that cannot be told.</summary>
    public required string Organization { get; init; }

    /// <summary>Who told of it.</summary>
    public required string Provider { get; init; }

    /// <summary>Its name at the provider.</summary>
    public required string ProviderReference { get; init; }

    /// <summary>What it says that it pays.</summary>
    public required string Reference { get; init; }

    /// <summary>The reservation that it pays, or would have paid.</summary>
    public Guid? ReservationId { get; init; }

    /// <summary>How much, in the smallest unit of its currency.</summary>
    public required long AmountMinor { get; init; }

    /// <summary>ISO 4217.</summary>
    public required string Currency { get; init; }

    /// <summary>Where it is.</summary>
    public required string Status { get; init; }

    /// <summary>How much of it has been given back.</summary>
    public long RefundedMinor { get; init; }

    /// <summary>Whether it must be given back and has not been.</summary>
    public bool NeedsRefund { get; init; }

    /// <summary>Why it must be, or had to be.</summary>
    public string? RefundReason { get; init; }

    /// <summary>When it was first told of.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was last told of.</summary>
    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>As it is answered.</summary>
    public PaymentAnswer Answer() => new(
        Id, Provider, ProviderReference, Reference, ReservationId, AmountMinor, Currency, Status, RefundedMinor, NeedsRefund, RefundReason,
        CreatedAt.UtcDateTime, UpdatedAt.UtcDateTime);
}

internal sealed class PaymentConfiguration : IEntityTypeConfiguration<Payment>
{
    public void Configure(EntityTypeBuilder<Payment> builder)
    {
        builder.ToTable("payments");
        builder.Property(payment => payment.Id).HasColumnName("id");
        builder.Property(payment => payment.Organization).HasColumnName("organization");
        builder.Property(payment => payment.Provider).HasColumnName("provider");
        builder.Property(payment => payment.ProviderReference).HasColumnName("provider_reference");
        builder.Property(payment => payment.Reference).HasColumnName("reference");
        builder.Property(payment => payment.ReservationId).HasColumnName("reservation_id");
        builder.Property(payment => payment.AmountMinor).HasColumnName("amount_minor");
        builder.Property(payment => payment.Currency).HasColumnName("currency");
        builder.Property(payment => payment.Status).HasColumnName("status");
        builder.Property(payment => payment.RefundedMinor).HasColumnName("refunded_minor");
        builder.Property(payment => payment.NeedsRefund).HasColumnName("needs_refund");
        builder.Property(payment => payment.RefundReason).HasColumnName("refund_reason");
        builder.Property(payment => payment.CreatedAt).HasColumnName("created_at");
        builder.Property(payment => payment.UpdatedAt).HasColumnName("updated_at");
    }
}
