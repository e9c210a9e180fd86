using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace App.Exchange.Messages.OutboundWebhooks;

/// <summary>A URL that takes webhooks of an organization: registered with a secret, or remembered because it has failed.</summary>
internal sealed class WebhookEndpoint
{
    /// <summary>Messages at once to a URL of which nothing else is known.</summary>
    public const int DefaultConcurrency = 16;

    /// <summary>Messages at once at most.</summary>
    public const int MostConcurrency = 64;

    /// <summary>Identity.</summary>
    public Guid Id { get; init; }

    /// <summary>The tenant.</summary>
    public required string Organization { get; init; }

    /// <summary>Where it listens.</summary>
    public required string Url { get; init; }

    /// <summary>What it is told of; empty: everything.</summary>
    public required string[] EventTypes { get; set; }

    /// <summary>Signs what is sent to it; null: it is not registered.</summary>
    public string? Secret { get; set; }

    /// <summary>Signs as well until <see cref="PreviousUntil"/>.</summary>
    public string? PreviousSecret { get; set; }

    /// <summary>When the change of secrets is over.</summary>
    public DateTimeOffset? PreviousUntil { get; set; }

    /// <summary>Since when it takes nothing.</summary>
    public DateTimeOffset? ClosedAt { get; set; }

    /// <summary>Why.</summary>
    public string? ClosedReason { get; set; }

    /// <summary>How many messages are sent to it at once, over all workers.</summary>
    public short Concurrency { get; set; } = DefaultConcurrency;

    /// <summary>Whether its messages go out one at a time, in the order in which they were added.</summary>
    public bool Ordered { get; set; }

    /// <summary>Whether its messages say in the header <c>traceparent</c> which trace they belong to.</summary>
    public bool Traceparent { get; set; }

    /// <summary>How messages are sent to it.</summary>
    public EndpointSettings Settings => new(Concurrency, Ordered, Traceparent);

    /// <summary>Failures in a row.</summary>
    public int Failures { get; set; }

    /// <summary>How often its circuit has opened since the last success.</summary>
    public int Trips { get; set; }

    /// <summary>Until when nothing is sent to it.</summary>
    public DateTimeOffset? OpenUntil { get; set; }

    /// <summary>When it was registered or first failed.</summary>
    public DateTimeOffset CreatedAt { get; init; }
}

internal sealed class WebhookEndpointConfiguration : IEntityTypeConfiguration<WebhookEndpoint>
{
    public void Configure(EntityTypeBuilder<WebhookEndpoint> builder)
    {
        builder.ToTable("webhook_endpoints");
        builder.Property(endpoint => endpoint.Id).HasColumnName("id");
        builder.Property(endpoint => endpoint.Organization).HasColumnName("organization");
        builder.Property(endpoint => endpoint.Url).HasColumnName("url");
        builder.Property(endpoint => endpoint.EventTypes).HasColumnName("event_types");
        builder.Property(endpoint => endpoint.Secret).HasColumnName("secret");
        builder.Property(endpoint => endpoint.PreviousSecret).HasColumnName("previous_secret");
        builder.Property(endpoint => endpoint.PreviousUntil).HasColumnName("previous_until");
        builder.Property(endpoint => endpoint.ClosedAt).HasColumnName("closed_at");
        builder.Property(endpoint => endpoint.ClosedReason).HasColumnName("closed_reason");
        builder.Property(endpoint => endpoint.Concurrency).HasColumnName("concurrency");
        builder.Property(endpoint => endpoint.Ordered).HasColumnName("ordered");
        builder.Property(endpoint => endpoint.Traceparent).HasColumnName("traceparent");
        builder.Ignore(endpoint => endpoint.Settings);
        builder.Property(endpoint => endpoint.Failures).HasColumnName("failures");
        builder.Property(endpoint => endpoint.Trips).HasColumnName("trips");
        builder.Property(endpoint => endpoint.OpenUntil).HasColumnName("open_until");
        builder.Property(endpoint => endpoint.CreatedAt).HasColumnName("created_at").ValueGeneratedOnAdd();
    }
}
