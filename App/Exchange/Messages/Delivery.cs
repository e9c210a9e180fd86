using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace App.Exchange.Messages;

/// <summary>
/// One attempt to deliver a message, kept for inspection: the one that delivered it in its own row, others in <c>deliveries</c>.
/// </summary>
internal sealed class Delivery
{
    /// <summary>The message.</summary>
    public required Guid MessageId { get; init; }

    /// <summary>Counts from 1 in the message.</summary>
    public required int Number { get; init; }

    /// <summary>delivered, failed, lost (no answer came) or refused (never to be taken).</summary>
    public required string Outcome { get; init; }

    /// <summary>When it began.</summary>
    public DateTimeOffset StartedAt { get; init; }

    /// <summary>From its beginning to its end.</summary>
    public int LatencyMs { get; init; }

    /// <summary>What was sent, as JSON, without the body and without credentials.</summary>
    public string? Request { get; init; }

    /// <summary>The status of HTTP, or the reply code of SMTP.</summary>
    public int? Status { get; init; }

    /// <summary>JSON.</summary>
    public string? ResponseHeaders { get; init; }

    /// <summary>The beginning of it.</summary>
    public string? ResponseBody { get; init; }

    /// <summary>Why it was not delivered.</summary>
    public string? Error { get; init; }
}

internal sealed class DeliveryConfiguration : IEntityTypeConfiguration<Delivery>
{
    public void Configure(EntityTypeBuilder<Delivery> builder)
    {
        builder.ToView("message_deliveries").HasKey(delivery => new { delivery.MessageId, delivery.Number });
        builder.Property(delivery => delivery.MessageId).HasColumnName("message_id");
        builder.Property(delivery => delivery.Number).HasColumnName("number");
        builder.Property(delivery => delivery.Outcome).HasColumnName("outcome");
        builder.Property(delivery => delivery.StartedAt).HasColumnName("started_at");
        builder.Property(delivery => delivery.LatencyMs).HasColumnName("latency_ms");
        builder.Property(delivery => delivery.Request).HasColumnName("request");
        builder.Property(delivery => delivery.Status).HasColumnName("status");
        builder.Property(delivery => delivery.ResponseHeaders).HasColumnName("response_headers");
        builder.Property(delivery => delivery.ResponseBody).HasColumnName("response_body");
        builder.Property(delivery => delivery.Error).HasColumnName("error");
    }
}
