namespace App.Exchange.Commerce;

/// <summary>What a provider tells of a payment.</summary>
internal enum PaymentNews
{
    /// <summary>It was paid.</summary>
    Succeeded,

    /// <summary>It was not paid.</summary>
    Failed,

    /// <summary>Money was given back.</summary>
    Refunded,

    /// <summary>Money should have been given back, and was not.</summary>
    RefundFailed,
}

/// <summary>A payment as its provider tells of it, in our words.</summary>
/// <param name="Provider">Who tells.</param>
/// <param name="News">What.</param>
/// <param name="ProviderReference">The payment's name at the provider.</param>
/// <param name="Reference">What it says that it pays: a reservation's reference, or its id.</param>
/// <param name="AmountMinor">How much, in the smallest unit; of a refund, how much was given back.</param>
/// <param name="Currency">ISO 4217.</param>
internal sealed record PaymentNotice(string Provider, PaymentNews News, string ProviderReference, string Reference, long AmountMinor,
    string Currency)
{
    /// <summary>The reservation's id, where the payment carries it.</summary>
    public Guid? ReservationId { get; init; }

    /// <summary>The organization, where the payment carries it.</summary>
    public string? Organization { get; init; }

    /// <summary>The refund's name at the provider.</summary>
    public string? RefundReference { get; init; }
}
