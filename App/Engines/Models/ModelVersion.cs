using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace App.Engines.Models;

/// <summary>
/// One immutable version of a model. Rows are written by <see cref="ModelRegistry"/> alone; the artifact's bytes are
/// no property of it, so that a list of versions stays small.
/// </summary>
internal sealed class ModelVersion
{
    /// <summary>State of a version that has not served yet.</summary>
    public const string Candidate = "candidate";

    /// <summary>State of the one version of its name that serves.</summary>
    public const string Active = "active";

    /// <summary>State of a version that has served; it can be activated again.</summary>
    public const string Retired = "retired";

    /// <summary>Identity.</summary>
    public required int Id { get; init; }

    /// <summary>Name of the model's task, such as <c>disaggregation</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Counts from 1 in each name.</summary>
    public required int Version { get; init; }

    /// <summary>Hash of the artifact, lower-case hex.</summary>
    public required string Sha256 { get; init; }

    /// <summary>A <see cref="ModelSpec"/> as JSON.</summary>
    public required string Spec { get; init; }

    /// <summary>
    /// Path under MODEL_ARTIFACT_BASE_URL of an artifact that is not in the database; <see cref="ShippedModels.Origin"/>
    /// of one that came with a build; else null.
    /// </summary>
    public string? ArtifactUrl { get; init; }

    /// <summary><see cref="Candidate"/>, <see cref="Active"/> or <see cref="Retired"/>.</summary>
    public required string State { get; init; }

    /// <summary>When it was registered.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was last activated.</summary>
    public DateTimeOffset? ActivatedAt { get; init; }

    /// <summary>What predictions and logs call it: <c>disaggregation@3</c>.</summary>
    public string Label => $"{Name}@{Version}";
}

internal sealed class ModelVersionConfiguration : IEntityTypeConfiguration<ModelVersion>
{
    public void Configure(EntityTypeBuilder<ModelVersion> builder)
    {
        builder.ToTable("model_versions");
        builder.Property(version => version.Id).HasColumnName("id");
        builder.Property(version => version.Name).HasColumnName("name");
        builder.Property(version => version.Version).HasColumnName("version");
        builder.Property(version => version.Sha256).HasColumnName("sha256");
        builder.Property(version => version.Spec).HasColumnName("spec").HasColumnType("jsonb");
        builder.Property(version => version.ArtifactUrl).HasColumnName("artifact_url");
        builder.Property(version => version.State).HasColumnName("state");
        builder.Property(version => version.CreatedAt).HasColumnName("created_at");
        builder.Property(version => version.ActivatedAt).HasColumnName("activated_at");
        builder.Ignore(version => version.Label);
    }
}
