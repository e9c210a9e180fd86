using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace App.Runs;

/// <summary>An accepted plan. Written through <see cref="Execution.RunChange"/> alone.</summary>
internal sealed class Run
{
    /// <summary>Identity; later runs have greater ones.</summary>
    public required Guid Id { get; init; }

    /// <summary>The tenant.</summary>
    public required string Organization { get; init; }

    /// <summary>What it is for, in its sender's words.</summary>
    public required string Goal { get; init; }

    /// <summary>Lower runs sooner; -1000 to 1000.</summary>
    public required int Priority { get; init; }

    /// <summary>A status of <see cref="RunState"/>.</summary>
    public required string Status { get; init; }

    /// <summary>The step that it failed at.</summary>
    public string? FailedStep { get; init; }

    /// <summary>Why it failed.</summary>
    public string? Error { get; init; }

    /// <summary>Number of its last event.</summary>
    public int LastEvent { get; init; }

    /// <summary>The <c>Idempotency-Key</c> that it was sent with.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>SHA-256 of what was sent with the key.</summary>
    public byte[]? PayloadHash { get; init; }

    /// <summary>When it was accepted.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When its first step began.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? EndedAt { get; init; }
}

internal sealed class RunConfiguration : IEntityTypeConfiguration<Run>
{
    public void Configure(EntityTypeBuilder<Run> builder)
    {
        builder.ToTable("runs");
        builder.Property(run => run.Id).HasColumnName("id");
        builder.Property(run => run.Organization).HasColumnName("organization");
        builder.Property(run => run.Goal).HasColumnName("goal");
        builder.Property(run => run.Priority).HasColumnName("priority");
        builder.Property(run => run.Status).HasColumnName("status");
        builder.Property(run => run.FailedStep).HasColumnName("failed_step");
        builder.Property(run => run.Error).HasColumnName("error");
        builder.Property(run => run.LastEvent).HasColumnName("last_event");
        builder.Property(run => run.IdempotencyKey).HasColumnName("idempotency_key");
        builder.Property(run => run.PayloadHash).HasColumnName("payload_hash");
        builder.Property(run => run.CreatedAt).HasColumnName("created_at");
        builder.Property(run => run.StartedAt).HasColumnName("started_at");
        builder.Property(run => run.EndedAt).HasColumnName("ended_at");
    }
}
