using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace App.Runs;

/// <summary>A change of a run or of one of its steps, as it is streamed. Numbers increase in the order of commits.</summary>
internal sealed class RunEvent
{
    /// <summary>The run.</summary>
    public required Guid RunId { get; init; }

    /// <summary>Counts from 1 in the run.</summary>
    public required int Id { get; init; }

    /// <summary>The step; null: the run itself.</summary>
    public string? Step { get; init; }

    /// <summary>The new status.</summary>
    public required string Status { get; init; }

    /// <summary>The attempt that it is about.</summary>
    public int? Attempt { get; init; }

    /// <summary>When.</summary>
    public DateTimeOffset At { get; init; }
}

internal sealed class RunEventConfiguration : IEntityTypeConfiguration<RunEvent>
{
    public void Configure(EntityTypeBuilder<RunEvent> builder)
    {
        builder.ToTable("run_events").HasKey(e => new { e.RunId, e.Id });
        builder.Property(e => e.RunId).HasColumnName("run_id");
        builder.Property(e => e.Id).HasColumnName("id").ValueGeneratedNever();
        builder.Property(e => e.Step).HasColumnName("step");
        builder.Property(e => e.Status).HasColumnName("status");
        builder.Property(e => e.Attempt).HasColumnName("attempt");
        builder.Property(e => e.At).HasColumnName("at");
    }
}
