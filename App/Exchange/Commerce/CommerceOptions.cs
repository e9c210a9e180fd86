using App.Platform.Configuration;

namespace App.Exchange.Commerce;

/// <summary>How long stock is held, and which catalog of Meta's is kept in step.</summary>
/// <param name="ReservationTtl">From a reservation to its expiry.</param>
/// <param name="CatalogId">Meta's id of it; null: none is.</param>
internal sealed record CommerceOptions(TimeSpan ReservationTtl, string? CatalogId)
{
    /// <summary>Changes of items within this time of the first go out together.</summary>
    public static readonly TimeSpan SyncPause = TimeSpan.FromSeconds(2);

    /// <summary>Reads the variables of commerce.</summary>
    public static CommerceOptions Read(Variables variables) => new(
        TimeSpan.FromMinutes(variables.Number("RESERVATION_TTL_MINUTES", 15, 0.01, 525_600)),
        variables.Text("META_CATALOG_ID"));
}
