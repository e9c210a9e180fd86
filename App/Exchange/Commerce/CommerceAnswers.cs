using App.Platform.Http;

namespace App.Exchange.Commerce;

/// <summary>An item to be sold; the same sku again changes it.</summary>
/// <param name="Sku">Its name within the organization.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Stock">How many can still be reserved.</param>
/// <param name="PriceMinor">Price of one, in the smallest unit of its currency.</param>
/// <param name="Currency">ISO 4217.</param>
/// <example>{"sku":"lamp","name":"Lamp","stock":12,"priceMinor":450000,"currency":"NGN"}</example>
internal sealed record ItemRequest(string Sku, string Name, int Stock, long PriceMinor, string Currency);

/// <summary>Many items to be sold, at most 1000; all are taken, or none.</summary>
/// <param name="Items">The items, each sku once.</param>
internal sealed record ItemsRequest(IReadOnlyList<ItemRequest> Items);

/// <summary>An item as it was taken.</summary>
/// <param name="Sku">Its name within the organization.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Stock">How many can still be reserved.</param>
/// <param name="PriceMinor">Price of one, in the smallest unit of its currency.</param>
/// <param name="Currency">ISO 4217.</param>
/// <example>{"sku":"lamp","name":"Lamp","stock":12,"priceMinor":450000,"currency":"NGN"}</example>
internal sealed record ItemAnswer(string Sku, string Name, int Stock, long PriceMinor, string Currency)
{
    /// <summary>The answer for an item.</summary>
    public static ItemAnswer Of(CatalogItem item) => new(item.Sku, item.Name, item.Stock, item.PriceMinor, item.Currency);
}

/// <summary>Items as they were taken.</summary>
/// <param name="Items">In the order of the request.</param>
/// <param name="Changed">How many were new or have changed.</param>
internal sealed record ItemsAnswer(IReadOnlyList<ItemAnswer> Items, int Changed);

/// <summary>A page of items.</summary>
/// <param name="Items">By sku.</param>
/// <param name="Next">Cursor of the next page; null at the end.</param>
internal sealed record ItemPage(IReadOnlyList<ListedItem> Items, string? Next);

/// <summary>An item of a list.</summary>
/// <param name="Sku">Its name within the organization.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Stock">How many can still be reserved.</param>
/// <param name="PriceMinor">Price of one, in the smallest unit of its currency.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="Catalog">What Meta's catalog has made of it; null: nothing yet, or there is none.</param>
/// <example>{"sku":"lamp","name":"Lamp","stock":12,"priceMinor":450000,"currency":"NGN","catalog":null}</example>
internal sealed record ListedItem(string Sku, string Name, int Stock, long PriceMinor, string Currency, ItemInCatalog? Catalog)
{
    /// <summary>The answer for an item with what the catalog has told of it.</summary>
    public static ListedItem Of(
        CatalogItem item, ItemInCatalog? catalog) => new(item.Sku, item.Name, item.Stock, item.PriceMinor, item.Currency, catalog);
}

/// <summary>What Meta's catalog has made of an item.</summary>
/// <param name="Status">Whether it has taken it.</param>
/// <param name="Error">Why not.</param>
/// <param name="ReportedAt">When it told so.</param>
internal sealed record ItemInCatalog([OneOf("taken", "refused")] string Status, string? Error, DateTime ReportedAt);

/// <summary>Stock to be held.</summary>
/// <param name="Sku">The item.</param>
/// <param name="Quantity">How many.</param>
/// <param name="Reference">The caller's name for it, which a payment names too; the same again is answered with the
/// same reservation.</param>
/// <example>{"sku":"lamp","quantity":2,"reference":"order-1007"}</example>
internal sealed record ReservationRequest(string Sku, int Quantity, string Reference);

/// <summary>A hold on stock.</summary>
/// <param name="Id">Identity; later ones have greater ones.</param>
/// <param name="Status">Where it is.</param>
/// <param name="Sku">What is held.</param>
/// <param name="Quantity">How many of it.</param>
/// <param name="Reference">The caller's name for it.</param>
/// <param name="AmountMinor">What is to be paid for it, in the smallest unit of its currency.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ExpiresAt">From then on it cannot be confirmed.</param>
/// <param name="EndedAt">When it ceased to be held.</param>
/// <example>
/// {"id":"019ad0a2-7a3e-7c51-9d2f-1f6d1b0c4e55","status":"held","sku":"lamp","quantity":2,"reference":"order-1007","amountMinor":900000,
/// "currency":"NGN",
/// "createdAt":"2026-11-29T08:00:00Z","expiresAt":"2026-11-29T08:15:00Z","endedAt":null}
/// </example>
internal sealed record ReservationAnswer(
    Guid Id, [OneOf(typeof(Reservation), nameof(Reservation.Statuses))] string Status, string Sku, int Quantity, string Reference,
    long AmountMinor, string Currency,
    DateTime CreatedAt, DateTime ExpiresAt, DateTime? EndedAt);

/// <summary>A page of reservations.</summary>
/// <param name="Reservations">The newest first.</param>
/// <param name="Next">Cursor of the next page; null at the end.</param>
internal sealed record ReservationPage(IReadOnlyList<ReservationAnswer> Reservations, string? Next);

/// <summary>Money that a provider has told of.</summary>
/// <param name="Id">Number.</param>
/// <param name="Provider">Who told of it.</param>
/// <param name="ProviderReference">Its name at the provider.</param>
/// <param name="Reference">What it says that it pays.</param>
/// <param name="ReservationId">The reservation that it pays, or would have paid.</param>
/// <param name="AmountMinor">How much, in the smallest unit of its currency.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="Status">Where it is.</param>
/// <param name="RefundedMinor">How much of it has been given back.</param>
/// <param name="NeedsRefund">Whether it must be given back and has not been.</param>
/// <param name="RefundReason">Why it must be, or had to be.</param>
/// <param name="CreatedAt">When it was first told of.</param>
/// <param name="UpdatedAt">When it was last told of.</param>
/// <example>
/// {"id":41,"provider":"paystack","providerReference":"T685312322","reference":"order-1007",
/// "reservationId":"019ad0a2-7a3e-7c51-9d2f-1f6d1b0c4e55",
/// "amountMinor":900000,"currency":"NGN","status":"succeeded","refundedMinor":0,"needsRefund":false,"refundReason":null,
/// "createdAt":"2026-11-29T08:01:00Z","updatedAt":"2026-11-29T08:01:00Z"}
/// </example>
internal sealed record PaymentAnswer(
    long Id, string Provider, string ProviderReference, string Reference, Guid? ReservationId, long AmountMinor, string Currency,
    [OneOf(typeof(Payment), nameof(Payment.Statuses))] string Status, long RefundedMinor, bool NeedsRefund, string? RefundReason,
    DateTime CreatedAt, DateTime UpdatedAt);

/// <summary>A page of payments.</summary>
/// <param name="Payments">The newest first.</param>
/// <param name="Next">Cursor of the next page; null at the end.</param>
internal sealed record PaymentPage(IReadOnlyList<PaymentAnswer> Payments, string? Next);
