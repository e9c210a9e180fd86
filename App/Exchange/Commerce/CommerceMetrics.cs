using System.Diagnostics.Metrics;

namespace App.Exchange.Commerce;

/// <summary>What <c>/metrics</c> says of stock and money.</summary>
internal sealed class CommerceMetrics
{
    private readonly Counter<long> reservations;
    private readonly Counter<long> payments;
    private readonly Counter<long> refunds;

    /// <summary>Counts from zero.</summary>
    public CommerceMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("Tandem.Commerce");
        reservations = meter.CreateCounter<long>("tandem_reservations_total", "{reservation}", "Reservations by what became of them.");
        payments = meter.CreateCounter<long>("tandem_payments_total", "{payment}", "Payments by provider and status.");
        refunds = meter.CreateCounter<long>("tandem_payments_to_refund_total", "{payment}", "Payments that must be given back.");
    }

    /// <summary>A reservation is held, confirmed, released, expired, or refused for want of stock.</summary>
    public void Reserved(string status) => reservations.Add(1, new KeyValuePair<string, object?>("status", status));

    /// <summary>A provider told of a payment.</summary>
    public void Paid(string provider, string status) => payments.Add(1, new("provider", provider), new("status", status));

    /// <summary>A payment pays nothing and must be given back.</summary>
    public void MustRefund(string provider, string reason) => refunds.Add(1, new("provider", provider), new("reason", reason));
}
