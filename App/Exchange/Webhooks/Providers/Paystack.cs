using System.Security.Cryptography;
using System.Text.Json;
using App.Exchange.Commerce;
using App.Platform.Database;

namespace App.Exchange.Webhooks.Providers;

/// <summary>Paystack: payments and refunds, amounts in the smallest unit (kobo). Its events have no id.</summary>
internal sealed class Paystack(WebhookOptions options, Payments payments) : IWebhookProvider
{
    /// <inheritdoc/>
    public string Name => "paystack";

    /// <inheritdoc/>
    public string SecretVariable => "PAYSTACK_SECRET_KEY";

    /// <inheritdoc/>
    public bool IsOn => options.Paystack.Count > 0;

    /// <inheritdoc/>
    public string SignatureHeader => "x-paystack-signature";

    /// <inheritdoc/>
    public bool IsGenuine(string signature, ReadOnlySpan<byte> body) =>
        Signature.IsGenuine(HashAlgorithmName.SHA512, signature, body, options.Paystack);

    /// <inheritdoc/>
    public EventLabel LabelOf(JsonElement payload)
    {
        var type = payload.TextAt("event") ?? "";
        // Refunds have a reference only once they are done, and an id at all times.
        var reference = payload.TextAt("data", "reference") ?? payload.TextAt("data", "refund_reference") ?? payload.TextAt("data", "id");
        return new(type, reference is null ? null : $"{type}:{reference}");
    }

    /// <inheritdoc/>
    public async Task<string> ApplyAsync(JsonElement payload, AppDbContext db, CancellationToken ct)
    {
        var type = payload.TextAt("event");
        return type switch
        {
            "charge.success" => await payments.ApplyAsync(Charge(payload, PaymentNews.Succeeded), ct),
            "charge.failed" => await payments.ApplyAsync(Charge(payload, PaymentNews.Failed), ct),
            "refund.processed" => await payments.ApplyAsync(Refund(payload, PaymentNews.Refunded), ct),
            // It stands still until somebody gives it the customer's bank account.
            "refund.failed" or "refund.needs-attention" => await payments.ApplyAsync(Refund(payload, PaymentNews.RefundFailed), ct),
            _ => $"Nothing is to be done for {type}.",
        };
    }

    private PaymentNotice Charge(JsonElement payload, PaymentNews news)
    {
        var data = payload.At("data") ?? throw new UnusableEventException("It has no data.");
        var reference = data.NameAt("reference");
        var (reservation, organization) = data.MetadataAt("metadata");
        return new(Name, news, reference, reference, data.MinorAt("amount"), data.CurrencyAt("currency"))
        {
            ReservationId = reservation,
            Organization = organization
        };
    }

    private PaymentNotice Refund(JsonElement payload, PaymentNews news)
    {
        var data = payload.At("data") ?? throw new UnusableEventException("It has no data.");
        var payment = data.TextAt("transaction_reference") is null && data.At("transaction") is { ValueKind: JsonValueKind.Object } nested
            ? nested.NameAt("reference") : data.NameAt("transaction_reference");
        return new(Name, news, payment, payment, data.MinorAt("amount"),
            data.CurrencyAt("currency"))
        { RefundReference = data.TextAt("refund_reference") ?? data.TextAt("id") };
    }
}
