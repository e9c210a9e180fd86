using System.Security.Cryptography;
using System.Text.Json;
using App.Exchange.Commerce;
using App.Platform.Database;

namespace App.Exchange.Webhooks.Providers;

/// <summary>
/// Korapay: payments and refunds, amounts in whole units with decimals. It signs the member <c>data</c> alone, as JavaScript writes it.
/// </summary>
internal sealed class Korapay(WebhookOptions options, Payments payments) : IWebhookProvider
{
    /// <inheritdoc/>
    public string Name => "korapay";

    /// <inheritdoc/>
    public string SecretVariable => "KORAPAY_SECRET_KEY";

    /// <inheritdoc/>
    public bool IsOn => options.Korapay.Count > 0;

    /// <inheritdoc/>
    public string SignatureHeader => "x-korapay-signature";

    /// <inheritdoc/>
    public bool IsGenuine(string signature, ReadOnlySpan<byte> body)
    {
        try
        {
            var data = JavaScriptJson.Member(body, "data");
            // As it stands there, which is what JavaScript wrote; else as JavaScript would have written it.
            return !data.IsEmpty && (IsOf(signature, data) || IsOf(signature, JavaScriptJson.Stringify(data)));
        }
        catch (JsonException)
        {
            // What is no JSON has no data that could have been signed.
            return false;
        }
    }

    /// <inheritdoc/>
    public EventLabel LabelOf(JsonElement payload)
    {
        var type = payload.TextAt("event") ?? "";
        return new(type, payload.TextAt("data", "reference") is { } reference ? $"{type}:{reference}" : null);
    }

    /// <inheritdoc/>
    public async Task<string> ApplyAsync(JsonElement payload, AppDbContext db, CancellationToken ct)
    {
        var type = payload.TextAt("event");
        return type switch
        {
            "charge.success" => await payments.ApplyAsync(Charge(payload, PaymentNews.Succeeded), ct),
            "charge.failed" => await payments.ApplyAsync(Charge(payload, PaymentNews.Failed), ct),
            "refund.success" => await payments.ApplyAsync(Refund(payload, PaymentNews.Refunded), ct),
            "refund.failed" => await payments.ApplyAsync(Refund(payload, PaymentNews.RefundFailed), ct),
            _ => $"Nothing is to be done for {type}.",
        };
    }

    private bool IsOf(string signature, ReadOnlySpan<byte> data) =>
        Signature.IsGenuine(HashAlgorithmName.SHA256, signature, data, options.Korapay);

    // Its own name for a charge is in reference; what we called it is in payment_reference, where the two differ.
    private PaymentNotice Charge(JsonElement payload, PaymentNews news)
    {
        var data = payload.At("data") ?? throw new UnusableEventException("It has no data.");
        var (reservation, organization) = data.MetadataAt("metadata");
        var (currency, own) = (data.CurrencyAt("currency"), data.NameAt("reference"));
        return new(Name, news, own, data.At("payment_reference") is null ? own : data.NameAt("payment_reference"), Minor(data, currency),
            currency)
        { ReservationId = reservation, Organization = organization };
    }

    private PaymentNotice Refund(JsonElement payload, PaymentNews news)
    {
        var data = payload.At("data") ?? throw new UnusableEventException("It has no data.");
        var (currency, payment) = (data.CurrencyAt("currency"),
            data.At("payment_reference") is null ? data.NameAt("transaction_reference") : data.NameAt("payment_reference"));
        return new(Name, news, payment, payment, Minor(data, currency), currency) { RefundReference = data.NameAt("reference") };
    }

    private static long Minor(JsonElement data, string currency) => data.MinorAt("amount", Currency.MinorOf(currency));
}
