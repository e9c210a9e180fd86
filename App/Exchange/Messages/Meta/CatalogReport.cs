using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace App.Exchange.Messages.Meta;

/// <summary>What became of an item at Meta's catalog when it was last sent. Written by <see cref="CatalogReports"/>.</summary>
internal sealed class CatalogReport
{
    /// <summary>The longest id of an item.</summary>
    public const int LongestItem = 128;

    /// <summary>The tenant that sent it.</summary>
    public required string Organization { get; init; }

    /// <summary>The item's id.</summary>
    public required string Item { get; init; }

    /// <summary>The message that it was sent with.</summary>
    public required Guid MessageId { get; init; }

    /// <summary>Why the catalog has not taken it; null: it has.</summary>
    public string? Error { get; init; }

    /// <summary>When the catalog said so.</summary>
    public DateTimeOffset ReportedAt { get; init; }
}

internal sealed class CatalogReportConfiguration : IEntityTypeConfiguration<CatalogReport>
{
    public void Configure(EntityTypeBuilder<CatalogReport> builder)
    {
        builder.ToTable("catalog_reports").HasKey(report => new { report.Organization, report.Item });
        builder.Property(report => report.Organization).HasColumnName("organization");
        builder.Property(report => report.Item).HasColumnName("item");
        builder.Property(report => report.MessageId).HasColumnName("message_id");
        builder.Property(report => report.Error).HasColumnName("error");
        builder.Property(report => report.ReportedAt).HasColumnName("reported_at");
    }
}
