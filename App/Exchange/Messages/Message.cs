using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace App.Exchange.Messages;

/// <summary>Something to be told to somebody outside. Added by <see cref="Outbox"/>, changed by the functions of the schema.</summary>
internal sealed class Message
{
    /// <summary>Identity; later messages have greater ones.</summary>
    public required Guid Id { get; init; }

    /// <summary>The tenant.</summary>
    public required string Organization { get; init; }

    /// <summary>A word of <see cref="MessageChannel"/>.</summary>
    public required string Channel { get; init; }

    /// <summary>Where it goes.</summary>
    public required string Recipient { get; init; }

    /// <summary>What a webhook tells of.</summary>
    public string? EventType { get; init; }

    /// <summary>Webhooks to its recipient with the same key keep their order.</summary>
    public string? OrderKey { get; init; }

    /// <summary>JSON, as it came.</summary>
    public required string Body { get; init; }

    /// <summary>A word of <see cref="MessageState"/>.</summary>
    public required string State { get; init; }

    /// <summary>Attempts so far.</summary>
    public int Attempts { get; init; }

    /// <summary>Why it is not delivered.</summary>
    public string? Error { get; init; }

    /// <summary>The far side's number of the error.</summary>
    public int? ErrorCode { get; init; }

    /// <summary>How the far side calls it.</summary>
    public string? ProviderId { get; init; }

    /// <summary>What the far side has told of it since: sent, delivered, read or failed.</summary>
    public string? Receipt { get; init; }

    /// <summary>When that was.</summary>
    public DateTimeOffset? ReceiptAt { get; init; }

    /// <summary>The <c>Idempotency-Key</c> that it was sent with.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>SHA-256 of what was sent with the key.</summary>
    public byte[]? PayloadHash { get; init; }

    /// <summary>When it was taken.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When its last attempt began.</summary>
    public DateTimeOffset? SentAt { get; init; }

    /// <summary>When it is tried again.</summary>
    public DateTimeOffset? NextAt { get; init; }

    /// <summary>When it was delivered.</summary>
    public DateTimeOffset? DeliveredAt { get; init; }

    /// <summary>When it was given up.</summary>
    public DateTimeOffset? DiedAt { get; init; }
}

internal sealed class MessageConfiguration : IEntityTypeConfiguration<Message>
{
    public void Configure(EntityTypeBuilder<Message> builder)
    {
        builder.ToTable("messages");
        builder.Property(message => message.Id).HasColumnName("id");
        builder.Property(message => message.Organization).HasColumnName("organization");
        builder.Property(message => message.Channel).HasColumnName("channel");
        builder.Property(message => message.Recipient).HasColumnName("recipient");
        builder.Property(message => message.EventType).HasColumnName("event_type");
        builder.Property(message => message.OrderKey).HasColumnName("order_key");
        builder.Property(message => message.Body).HasColumnName("body").HasColumnType("json");
        builder.Property(message => message.State).HasColumnName("state");
        builder.Property(message => message.Attempts).HasColumnName("attempts");
        builder.Property(message => message.Error).HasColumnName("error");
        builder.Property(message => message.ErrorCode).HasColumnName("error_code");
        builder.Property(message => message.ProviderId).HasColumnName("provider_id");
        builder.Property(message => message.Receipt).HasColumnName("receipt");
        builder.Property(message => message.ReceiptAt).HasColumnName("receipt_at");
        builder.Property(message => message.IdempotencyKey).HasColumnName("idempotency_key");
        builder.Property(message => message.PayloadHash).HasColumnName("payload_hash");
        builder.Property(message => message.CreatedAt).HasColumnName("created_at");
        builder.Property(message => message.SentAt).HasColumnName("sent_at");
        builder.Property(message => message.NextAt).HasColumnName("next_at");
        builder.Property(message => message.DeliveredAt).HasColumnName("delivered_at");
        builder.Property(message => message.DiedAt).HasColumnName("died_at");
    }
}
