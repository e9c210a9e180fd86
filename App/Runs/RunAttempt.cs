using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace App.Runs;

/// <summary>One execution of a step; of one step at most one is open.</summary>
internal sealed class RunAttempt
{
    /// <summary>The run.</summary>
    public required Guid RunId { get; init; }

    /// <summary>The step.</summary>
    public required string Step { get; init; }

    /// <summary>Counts from 1 in the step.</summary>
    public required int Number { get; init; }

    /// <summary>A status of <see cref="RunState"/>.</summary>
    public required string Status { get; init; }

    /// <summary>The process that made it.</summary>
    public required string Worker { get; init; }

    /// <summary>Why it failed or was interrupted.</summary>
    public string? Error { get; init; }

    /// <summary>When it began.</summary>
    public DateTimeOffset StartedAt { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? EndedAt { get; init; }
}

internal sealed class RunAttemptConfiguration : IEntityTypeConfiguration<RunAttempt>
{
    public void Configure(EntityTypeBuilder<RunAttempt> builder)
    {
        builder.ToTable("run_attempts").HasKey(attempt => new { attempt.RunId, attempt.Step, attempt.Number });
        builder.Property(attempt => attempt.RunId).HasColumnName("run_id");
        builder.Property(attempt => attempt.Step).HasColumnName("step");
        builder.Property(attempt => attempt.Number).HasColumnName("number");
        builder.Property(attempt => attempt.Status).HasColumnName("status");
        builder.Property(attempt => attempt.Worker).HasColumnName("worker");
        builder.Property(attempt => attempt.Error).HasColumnName("error");
        builder.Property(attempt => attempt.StartedAt).HasColumnName("started_at");
        builder.Property(attempt => attempt.EndedAt).HasColumnName("ended_at");
    }
}
