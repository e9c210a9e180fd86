using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace App.Energy.Readings;

/// <summary>A building; it appears with its first reading.</summary>
internal sealed class Building
{
    /// <summary>Surrogate that other tables refer to.</summary>
    public int Key { get; init; }

    /// <summary>The tenant.</summary>
    public required string Organization { get; init; }

    /// <summary>Its id, unique within the organization.</summary>
    public required string BuildingId { get; init; }

    /// <summary>The shard that all of its readings go through, fixed when it appeared.</summary>
    public required short Shard { get; init; }

    /// <summary>When its first reading arrived.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>Its meters.</summary>
    public List<BuildingMeter> Meters { get; init; } = [];
}

/// <summary>A meter of a building; <c>mains</c> measures the whole house.</summary>
internal sealed class BuildingMeter
{
    /// <summary>Surrogate that readings refer to.</summary>
    public int Key { get; init; }

    /// <summary>The building.</summary>
    public required int BuildingKey { get; init; }

    /// <summary>Its name, unique within the building.</summary>
    public required string Meter { get; init; }

    /// <summary>Whether it has measured power fed into the grid (negative watts).</summary>
    public bool NetNegative { get; init; }

    /// <summary>Time of the newest reading in blocks; newer ones may still be in the stream.</summary>
    public DateTimeOffset? LastReadingAt { get; init; }
}

internal sealed class BuildingConfiguration : IEntityTypeConfiguration<Building>
{
    public void Configure(EntityTypeBuilder<Building> builder)
    {
        builder.ToTable("buildings").HasKey(building => building.Key);
        builder.Property(building => building.Key).HasColumnName("key");
        builder.Property(building => building.Organization).HasColumnName("organization");
        builder.Property(building => building.BuildingId).HasColumnName("building_id");
        builder.Property(building => building.Shard).HasColumnName("shard");
        builder.Property(building => building.CreatedAt).HasColumnName("created_at");
        builder.HasMany(building => building.Meters).WithOne().HasForeignKey(meter => meter.BuildingKey);
    }
}

internal sealed class BuildingMeterConfiguration : IEntityTypeConfiguration<BuildingMeter>
{
    public void Configure(EntityTypeBuilder<BuildingMeter> builder)
    {
        builder.ToTable("meters").HasKey(meter => meter.Key);
        builder.Property(meter => meter.Key).HasColumnName("key");
        builder.Property(meter => meter.BuildingKey).HasColumnName("building_key");
        builder.Property(meter => meter.Meter).HasColumnName("meter");
        builder.Property(meter => meter.NetNegative).HasColumnName("net_negative");
        builder.Property(meter => meter.LastReadingAt).HasColumnName("last_reading_at");
    }
}
