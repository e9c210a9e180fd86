using App.Engines.Models.Shadow;
using App.Platform.Http;

namespace App.Engines.Models;

/// <summary>A model version as the API shows it.</summary>
internal sealed record ModelAnswer
{
    /// <summary>Name of the model's task.</summary>
    public required string Name { get; init; }

    /// <summary>Counts from 1 in each name.</summary>
    public required int Version { get; init; }

    /// <summary>Hash of the artifact.</summary>
    public required string Sha256 { get; init; }

    /// <summary>candidate, active or retired.</summary>
    [OneOf(ModelVersion.Candidate, ModelVersion.Active, ModelVersion.Retired)]
    public required string State { get; init; }

    /// <summary>Whether this process serves with it.</summary>
    public required bool Loaded { get; init; }

    /// <summary>When it was registered.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was last activated.</summary>
    public DateTimeOffset? ActivatedAt { get; init; }

    /// <inheritdoc cref="ModelSpec.Input"/>
    public required TensorSpec Input { get; init; }

    /// <inheritdoc cref="ModelSpec.Input"/>
    public required TensorSpec Output { get; init; }

    /// <inheritdoc cref="ModelSpec.Window"/>
    public required int Window { get; init; }

    /// <inheritdoc cref="ModelSpec.TargetOffset"/>
    public required int TargetOffset { get; init; }

    /// <inheritdoc cref="ModelSpec.SamplePeriodSeconds"/>
    public required int SamplePeriodSeconds { get; init; }

    /// <inheritdoc cref="ModelSpec.Unit"/>
    public required string Unit { get; init; }

    /// <inheritdoc cref="ModelSpec.Labels"/>
    public required IReadOnlyList<string> Labels { get; init; }

    /// <inheritdoc cref="ModelSpec.Thresholds"/>
    public required IReadOnlyList<float> Thresholds { get; init; }

    /// <inheritdoc cref="ModelSpec.TrainingSource"/>
    public required string TrainingSource { get; init; }

    /// <inheritdoc cref="ModelSpec.Seed"/>
    public required int Seed { get; init; }

    /// <inheritdoc cref="ModelSpec.Split"/>
    public required string Split { get; init; }

    /// <inheritdoc cref="ModelSpec.Scores"/>
    public required IReadOnlyDictionary<string, double> Scores { get; init; }

    /// <inheritdoc cref="ModelSpec.Note"/>
    public required string Note { get; init; }

    /// <summary>Its newest run beside the active version, or null.</summary>
    public ShadowAnswer? Shadow { get; init; }

    /// <summary>The answer for a row.</summary>
    public static ModelAnswer Of(ModelVersion version, ActiveModels models, ShadowAnswer? shadow = null)
    {
        var spec = ModelSpec.Parse(version.Spec);
        return new()
        {
            Name = version.Name,
            Version = version.Version,
            Sha256 = version.Sha256,
            State = version.State,
            Loaded = models.IsServing(version),
            CreatedAt = version.CreatedAt,
            ActivatedAt = version.ActivatedAt,
            Input = spec.Input,
            Output = spec.Output,
            Window = spec.Window,
            TargetOffset = spec.TargetOffset,
            SamplePeriodSeconds = spec.SamplePeriodSeconds,
            Unit = spec.Unit,
            Labels = spec.Labels,
            Thresholds = spec.Thresholds,
            TrainingSource = spec.TrainingSource,
            Seed = spec.Seed,
            Split = spec.Split,
            Scores = spec.Scores,
            Note = spec.Note,
            Shadow = shadow,
        };
    }
}
