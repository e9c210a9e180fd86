using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace App.Exchange.Webhooks;

/// <summary>A message that somebody has sent us.</summary>
internal sealed class InboundMessage
{
    /// <summary>Number.</summary>
    public long Id { get; init; }

    /// <summary>Whose number it was sent to: credentials are the installation's, so the operator's.</summary>
    public required string Organization { get; init; }

    /// <summary>On which way it came.</summary>
    public required string Channel { get; init; }

    /// <summary>The far side's id for it (WhatsApp's <c>wamid</c>).</summary>
    public required string ExternalId { get; init; }

    /// <summary>Who sent it.</summary>
    public required string Sender { get; init; }

    /// <summary>What they call themselves.</summary>
    public string? SenderName { get; init; }

    /// <summary>Our number's id.</summary>
    public required string Recipient { get; init; }

    /// <summary>text, image, button, interactive, location …</summary>
    public required string Type { get; init; }

    /// <summary>What can be read of it.</summary>
    public string? Text { get; init; }

    /// <summary>All of it, as JSON.</summary>
    public required string Raw { get; init; }

    /// <summary>When it was sent, by the far side's clock.</summary>
    public DateTimeOffset? SentAt { get; init; }

    /// <summary>When it was stored.</summary>
    public DateTimeOffset ReceivedAt { get; init; }
}

internal sealed class InboundMessageConfiguration : IEntityTypeConfiguration<InboundMessage>
{
    public void Configure(EntityTypeBuilder<InboundMessage> builder)
    {
        builder.ToTable("inbound_messages");
        builder.Property(message => message.Id).HasColumnName("id");
        builder.Property(message => message.Organization).HasColumnName("organization");
        builder.Property(message => message.Channel).HasColumnName("channel");
        builder.Property(message => message.ExternalId).HasColumnName("external_id");
        builder.Property(message => message.Sender).HasColumnName("sender");
        builder.Property(message => message.SenderName).HasColumnName("sender_name");
        builder.Property(message => message.Recipient).HasColumnName("recipient");
        builder.Property(message => message.Type).HasColumnName("type");
        builder.Property(message => message.Text).HasColumnName("text");
        builder.Property(message => message.Raw).HasColumnName("raw").HasColumnType("json");
        builder.Property(message => message.SentAt).HasColumnName("sent_at");
        builder.Property(message => message.ReceivedAt).HasColumnName("received_at");
    }
}
