using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace App.Exchange.Webhooks;

/// <summary>An event of a provider, as it came.</summary>
internal sealed class WebhookEvent
{
    /// <summary>Stored, and its job is queued.</summary>
    public const string Received = "received";

    /// <summary>Its effects are committed.</summary>
    public const string Processed = "processed";

    /// <summary>Set aside: it cannot be used, or all attempts have failed.</summary>
    public const string Failed = "failed";

    /// <summary>Set aside: genuine, but no JSON.</summary>
    public const string Unreadable = "unreadable";

    /// <summary>Every state.</summary>
    public static IReadOnlyList<string> States { get; } = [Received, Processed, Failed, Unreadable];

    /// <summary>Number.</summary>
    public long Id { get; init; }

    /// <summary>Who sent it.</summary>
    public required string Provider { get; init; }

    /// <summary>By what it is known again.</summary>
    public required string DedupeKey { get; init; }

    /// <summary>What the provider calls it.</summary>
    public required string Type { get; init; }

    /// <summary>Where it is.</summary>
    public required string State { get; init; }

    /// <summary>The bytes that were signed.</summary>
    public required byte[] Body { get; init; }

    /// <summary>Some of the headers beside them, as JSON.</summary>
    public required string Headers { get; init; }

    /// <summary>How often it has come again.</summary>
    public int Repeats { get; init; }

    /// <summary>How often it was tried.</summary>
    public int Attempts { get; init; }

    /// <summary>What it came to.</summary>
    public string? Outcome { get; init; }

    /// <summary>What went wrong last.</summary>
    public string? Error { get; init; }

    /// <summary>When it came first.</summary>
    public DateTimeOffset ReceivedAt { get; init; }

    /// <summary>When its effects were committed last.</summary>
    public DateTimeOffset? ProcessedAt { get; init; }
}

internal sealed class WebhookEventConfiguration : IEntityTypeConfiguration<WebhookEvent>
{
    public void Configure(EntityTypeBuilder<WebhookEvent> builder)
    {
        builder.ToTable("webhook_events");
        builder.Property(one => one.Id).HasColumnName("id");
        builder.Property(one => one.Provider).HasColumnName("provider");
        builder.Property(one => one.DedupeKey).HasColumnName("dedupe_key");
        builder.Property(one => one.Type).HasColumnName("type");
        builder.Property(one => one.State).HasColumnName("state");
        builder.Property(one => one.Body).HasColumnName("body");
        builder.Property(one => one.Headers).HasColumnName("headers").HasColumnType("json");
        builder.Property(one => one.Repeats).HasColumnName("repeats");
        builder.Property(one => one.Attempts).HasColumnName("attempts");
        builder.Property(one => one.Outcome).HasColumnName("outcome");
        builder.Property(one => one.Error).HasColumnName("error");
        builder.Property(one => one.ReceivedAt).HasColumnName("received_at");
        builder.Property(one => one.ProcessedAt).HasColumnName("processed_at");
    }
}
