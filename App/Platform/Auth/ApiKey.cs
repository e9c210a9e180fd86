using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace App.Platform.Auth;

/// <summary>A key of an organization. Only its hash is stored: a key has 256 random bits, so a plain SHA-256 is enough.</summary>
internal sealed class ApiKey
{
    /// <summary>Identity.</summary>
    public required Guid Id { get; init; }

    /// <summary>The tenant it belongs to.</summary>
    public required string Organization { get; init; }

    /// <summary>What it is for.</summary>
    public required string Name { get; init; }

    /// <summary>SHA-256 of the key.</summary>
    public required byte[] Hash { get; init; }

    /// <summary>See <see cref="Auth.Scopes"/>.</summary>
    public required string[] Scopes { get; init; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>From when on it is refused.</summary>
    public DateTimeOffset? RevokedAt { get; set; }

    /// <summary>A new random key.</summary>
    public static string NewSecret() => "tdm_" + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>What is stored of a key.</summary>
    public static byte[] HashOf(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}

internal sealed class ApiKeyConfiguration : IEntityTypeConfiguration<ApiKey>
{
    public void Configure(EntityTypeBuilder<ApiKey> builder)
    {
        builder.ToTable("api_keys");
        builder.Property(key => key.Id).HasColumnName("id");
        builder.Property(key => key.Organization).HasColumnName("organization");
        builder.Property(key => key.Name).HasColumnName("name");
        builder.Property(key => key.Hash).HasColumnName("hash");
        builder.Property(key => key.Scopes).HasColumnName("scopes");
        builder.Property(key => key.CreatedAt).HasColumnName("created_at").HasDefaultValueSql("now()");
        builder.Property(key => key.RevokedAt).HasColumnName("revoked_at");
    }
}
