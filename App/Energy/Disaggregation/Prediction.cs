using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace App.Energy.Disaggregation;

/// <summary>What a model version says of one minute of one building. Written by the stream's consumer alone.</summary>
internal sealed class Prediction
{
    /// <summary>The building.</summary>
    public required int BuildingKey { get; init; }

    /// <summary>Start of the minute.</summary>
    public required DateTimeOffset Ts { get; init; }

    /// <summary>Measured power of the whole house in W.</summary>
    public required float Mains { get; init; }

    /// <summary>Watts of the model's labels, in their order, and of what they leave.</summary>
    public required float[] Watts { get; init; }

    /// <summary>Bit i is set while label i is on.</summary>
    public required int OnBits { get; init; }

    /// <summary>Whether it was made with the whole look-ahead; a provisional one will be replaced.</summary>
    public required bool Final { get; init; }

    /// <summary>The version that made it.</summary>
    public required int ModelVersionId { get; init; }
}

internal sealed class PredictionConfiguration : IEntityTypeConfiguration<Prediction>
{
    public void Configure(EntityTypeBuilder<Prediction> builder)
    {
        builder.ToTable("predictions").HasKey(p => new { p.BuildingKey, p.Ts });
        builder.Property(p => p.BuildingKey).HasColumnName("building_key");
        builder.Property(p => p.Ts).HasColumnName("ts");
        builder.Property(p => p.Mains).HasColumnName("mains");
        builder.Property(p => p.Watts).HasColumnName("watts");
        builder.Property(p => p.OnBits).HasColumnName("on_bits");
        builder.Property(p => p.Final).HasColumnName("final");
        builder.Property(p => p.ModelVersionId).HasColumnName("model_version_id");
    }
}
