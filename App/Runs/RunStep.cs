using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace App.Runs;

/// <summary>A unit of a run.</summary>
internal sealed class RunStep
{
    /// <summary>The run.</summary>
    public required Guid RunId { get; init; }

    /// <summary>Its name, unique in the run.</summary>
    public required string Name { get; init; }

    /// <summary>Its place in the plan, from 0.</summary>
    public required int Position { get; init; }

    /// <summary>Name of the handler that does it.</summary>
    public required string Handler { get; init; }

    /// <summary>JSON, with references that are resolved when it begins.</summary>
    public required string Input { get; init; }

    /// <summary>Names of the steps that must succeed before it.</summary>
    public required string[] DependsOn { get; init; }

    /// <summary>How long an attempt may take.</summary>
    public required int TimeoutMs { get; init; }

    /// <summary>Attempts that it has.</summary>
    public required int MaxAttempts { get; init; }

    /// <summary>Whether the run goes on as if it had succeeded when it fails.</summary>
    public required bool ContinueOnError { get; init; }

    /// <summary>A status of <see cref="RunState"/>.</summary>
    public required string Status { get; init; }

    /// <summary>JSON; only when it has succeeded.</summary>
    public string? Output { get; init; }

    /// <summary>Why it failed.</summary>
    public string? Error { get; init; }

    /// <summary>Jobs that it was given so far.</summary>
    public int Activation { get; init; }

    /// <summary>The newest of them.</summary>
    public long? JobId { get; init; }

    /// <summary>The highest attempt of that job that has begun.</summary>
    public int JobAttempt { get; init; }

    /// <summary>When it goes on by itself: the next attempt, or the end of its wait.</summary>
    public DateTimeOffset? WakeAt { get; init; }

    /// <summary>When its first attempt began.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? EndedAt { get; init; }
}

internal sealed class RunStepConfiguration : IEntityTypeConfiguration<RunStep>
{
    public void Configure(EntityTypeBuilder<RunStep> builder)
    {
        builder.ToTable("run_steps").HasKey(step => new { step.RunId, step.Name });
        builder.Property(step => step.RunId).HasColumnName("run_id");
        builder.Property(step => step.Name).HasColumnName("name");
        builder.Property(step => step.Position).HasColumnName("position");
        builder.Property(step => step.Handler).HasColumnName("handler");
        builder.Property(step => step.Input).HasColumnName("input").HasColumnType("json");
        builder.Property(step => step.DependsOn).HasColumnName("depends_on");
        builder.Property(step => step.TimeoutMs).HasColumnName("timeout_ms");
        builder.Property(step => step.MaxAttempts).HasColumnName("max_attempts");
        builder.Property(step => step.ContinueOnError).HasColumnName("continue_on_error");
        builder.Property(step => step.Status).HasColumnName("status");
        builder.Property(step => step.Output).HasColumnName("output").HasColumnType("json");
        builder.Property(step => step.Error).HasColumnName("error");
        builder.Property(step => step.Activation).HasColumnName("activation");
        builder.Property(step => step.JobId).HasColumnName("job_id");
        builder.Property(step => step.JobAttempt).HasColumnName("job_attempt");
        builder.Property(step => step.WakeAt).HasColumnName("wake_at");
        builder.Property(step => step.StartedAt).HasColumnName("started_at");
        builder.Property(step => step.EndedAt).HasColumnName("ended_at");
    }
}
