using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace App.Exchange.Commerce;

/// <summary>Something that is sold.</summary>
internal sealed class CatalogItem
{
    /// <summary>The tenant.</summary>
    public required string Organization { get; init; }

    /// <summary>Its name within the organization.</summary>
    public required string Sku { get; init; }

    /// <summary>What people call it.</summary>
    public required string Name { get; init; }

    /// <summary>How many can still be reserved.</summary>
    public required int Stock { get; init; }

    /// <summary>Price of one, in the smallest unit of its currency.</summary>
    public required long PriceMinor { get; init; }

    /// <summary>ISO 4217.</summary>
    public required string Currency { get; init; }

    /// <summary>When anything of it last changed, its stock included.</summary>
    public DateTimeOffset ChangedAt { get; init; }
}

internal sealed class CatalogItemConfiguration : IEntityTypeConfiguration<CatalogItem>
{
    public void Configure(EntityTypeBuilder<CatalogItem> builder)
    {
        builder.ToTable("catalog_items").HasKey(item => new { item.Organization, item.Sku });
        builder.Property(item => item.Organization).HasColumnName("organization");
        builder.Property(item => item.Sku).HasColumnName("sku");
        builder.Property(item => item.Name).HasColumnName("name");
        builder.Property(item => item.Stock).HasColumnName("stock");
        builder.Property(item => item.PriceMinor).HasColumnName("price_minor");
        builder.Property(item => item.Currency).HasColumnName("currency");
        builder.Property(item => item.ChangedAt).HasColumnName("changed_at");
    }
}
