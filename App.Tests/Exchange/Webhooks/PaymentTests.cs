using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using App.Tests.Exchange.Commerce;
using App.Tests.Fixtures;
using static App.Tests.Exchange.Webhooks.Sender;

namespace App.Tests.Exchange.Webhooks;

/// <summary>
/// What payments do to reservations, however late, often and out of order they are told of; and that no money is forgotten.
/// </summary>
public sealed class PaymentTests(CommerceHost host) : IClassFixture<CommerceHost>
{
    private HttpClient Http => host.Http;

    [Fact]
    public async Task A_payment_confirms_the_reservation_that_it_names()
    {
        var reservation = await ReserveAsync("pay-1");
        await host.App.PaystackSaysAsync("charge.success", Charge("pay-1", 500_00));
        var payment = await Http.PaymentAsync("pay-1");
        Assert.Equal("confirmed", (await Http.ReservationAsync(reservation)).StatusOf());
        Assert.Equal(("paystack", 500_00, "NGN", false),
            (payment.GetProperty("provider").GetString(), payment.GetProperty("amountMinor").GetInt64(),
                payment.GetProperty("currency").GetString(), payment.GetProperty("needsRefund").GetBoolean()));
        Assert.Equal(reservation, payment.GetProperty("reservationId").GetString());
    }

    [Fact]
    public async Task Five_of_the_same_at_once_have_one_effect()
    {
        await ReserveAsync("pay-5");
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => host.App.PaystackSaysAsync("charge.success", Charge("pay-5", 500_00))));
        await Http.PaymentAsync("pay-5");
        await host.App.ProcessedAsync();
        Assert.Equal("1 4",
            await host.App.ScalarAsync<string>(
                "select count(*) || ' ' || sum(repeats) from webhook_events where dedupe_key = 'charge.success:pay-5'"));
        Assert.Equal(1, await host.App.ScalarAsync<long>("select count(*) from payments where reference = 'pay-5'"));
        Assert.Equal(1,
            await host.App.ScalarAsync<long>(
                "select count(*) from job_done d join webhook_events e on d.args = '{\"eventId\":' || e.id || '}' "
                + "where e.dedupe_key = 'charge.success:pay-5'"));
    }

    [Theory]
    [InlineData("expired")]
    [InlineData("released")]
    [InlineData("wrongAmount")]
    [InlineData("wrongCurrency")]
    [InlineData("unknownReference")]
    public async Task Money_that_pays_nothing_is_kept_flagged_and_reported(string reason)
    {
        var reference = "refund-" + reason;
        var id = await ReserveAsync(reference);
        if (reason == "expired") await host.App.EndTimeAsync(id);
        if (reason == "released") (await Http.DeleteAsync($"/api/reservations/{id}")).Dispose();
        var paid = reason == "unknownReference" ? "nobodys" : reference;
        await host.App.PaystackSaysAsync("charge.success",
            Charge(paid, reason == "wrongAmount" ? 499_99 : 500_00, reason == "wrongCurrency" ? "USD" : "NGN"));

        var payment = await Http.PaymentAsync(paid);
        Assert.Equal((true, reason), (payment.GetProperty("needsRefund").GetBoolean(), payment.GetProperty("refundReason").GetString()));
        Assert.NotEqual("confirmed", (await Http.ReservationAsync(id)).StatusOf());
        Assert.Contains(payment.GetProperty("id").GetInt64(),
            (await Http.GetFromJsonAsync<JsonElement>("/api/payments?needsRefund=true")).GetProperty("payments")
                .EnumerateArray().Select(one => one.GetProperty("id").GetInt64()));
        var health = (await Http.GetFromJsonAsync<JsonElement>("/health")).GetProperty("payments");
        Assert.Equal("degraded", health.StatusOf());
        Assert.True(health.GetProperty("details").GetProperty("needRefund").GetInt64() > 0);
        Assert.Contains($"tandem_payments_to_refund_total{{provider=\"paystack\",reason=\"{reason}\"}}",
            await Http.GetStringAsync("/metrics"));

        using var settled = await Http.PostAsync($"/api/payments/{payment.GetProperty("id").GetInt64()}/refunded", null);
        Assert.Equal("refunded", (await settled.Content.ReadFromJsonAsync<JsonElement>()).StatusOf());
        using var twice = await Http.PostAsync($"/api/payments/{payment.GetProperty("id").GetInt64()}/refunded", null);
        Assert.Equal(HttpStatusCode.OK, twice.StatusCode);
    }

    [Fact]
    public async Task A_second_payment_of_one_reservation_must_be_given_back()
    {
        var id = await ReserveAsync("double");
        await host.App.PaystackSaysAsync("charge.success", Charge("double", 500_00));
        await Http.PaymentAsync("double");
        await host.App.KorapaySaysAsync("charge.success",
            new
            {
                reference = "KPY-1",
                payment_reference = "mine",
                amount = 500.00,
                currency = "NGN",
                status = "success",
                metadata = new { reservationId = id }
            });
        Assert.Equal("alreadyPaid", (await Http.PaymentAsync("mine")).GetProperty("refundReason").GetString());
        Assert.Equal("confirmed", (await Http.ReservationAsync(id)).StatusOf());
    }

    [Fact]
    public async Task A_refund_in_parts_and_repeated_is_counted_once_and_takes_the_flag_away()
    {
        await host.App.PaystackSaysAsync("charge.success", Charge("parts", 300_00));
        Assert.True((await Http.PaymentAsync("parts")).GetProperty("needsRefund").GetBoolean());
        foreach (var (name, kobo) in new[] { ("r1", "10000"), ("r1", "10000"), ("r2", "20000") })
            await host.App.PaystackSaysAsync("refund.processed",
                new
                {
                    status = "processed",
                    transaction_reference = "parts",
                    refund_reference = name,
                    amount = kobo,
                    currency = "NGN",
                    again = Guid.NewGuid()
                });
        var refunded = await Http.PaymentAsync("parts", "refunded");
        Assert.Equal((300_00, false), (refunded.GetProperty("refundedMinor").GetInt64(), refunded.GetProperty("needsRefund").GetBoolean()));
    }

    [Fact]
    public async Task What_is_told_out_of_order_comes_to_the_same()
    {
        var id = await ReserveAsync("order");
        await host.App.PaystackSaysAsync("refund.processed",
            new { transaction_reference = "order", refund_reference = "early", amount = 500_00, currency = "NGN" });
        await host.App.ProcessedAsync();
        await host.App.PaystackSaysAsync("charge.success", Charge("order", 500_00));
        Assert.Equal(500_00, (await Http.PaymentAsync("order", "refunded")).GetProperty("refundedMinor").GetInt64());
        await host.App.PaystackSaysAsync("charge.failed", Charge("order", 500_00));
        await host.App.ProcessedAsync();
        Assert.Equal("refunded", (await Http.PaymentAsync("order", "refunded")).StatusOf());
        Assert.Equal("confirmed", (await Http.ReservationAsync(id)).StatusOf());
    }

    [Fact]
    public async Task A_charge_that_failed_may_succeed_later_and_a_refund_that_failed_is_flagged()
    {
        var id = await ReserveAsync("retry");
        await host.App.PaystackSaysAsync("charge.failed", Charge("retry", 500_00));
        await Http.PaymentAsync("retry", "failed");
        Assert.Equal("held", (await Http.ReservationAsync(id)).StatusOf());
        await host.App.PaystackSaysAsync("charge.success", Charge("retry", 500_00));
        await Http.PaymentAsync("retry");
        Assert.Equal("confirmed", (await Http.ReservationAsync(id)).StatusOf());
        await host.App.PaystackSaysAsync("refund.failed",
            new { transaction_reference = "retry", refund_reference = "f1", amount = 500_00, currency = "NGN" });
        await host.App.ProcessedAsync();
        Assert.Equal("refundFailed", (await Http.PaymentAsync("retry")).GetProperty("refundReason").GetString());
    }

    [Fact]
    public async Task A_refund_that_needs_attention_is_flagged_until_it_is_processed()
    {
        await ReserveAsync("attention");
        await host.App.PaystackSaysAsync("charge.success", Charge("attention", 500_00));
        await Http.PaymentAsync("attention");
        foreach (var (type, reference) in new[] { ("refund.pending", (string?)null), ("refund.processing", null),
            ("refund.needs-attention", "TRF_1") })
            await host.App.PaystackSaysAsync(type, PaystackRefund(type["refund.".Length..], "attention", reference, "50000"));
        await host.App.ProcessedAsync();
        var stuck = await Http.PaymentAsync("attention");
        Assert.Equal((true, "refundFailed"),
            (stuck.GetProperty("needsRefund").GetBoolean(), stuck.GetProperty("refundReason").GetString()));
        await host.App.PaystackSaysAsync("refund.processed", PaystackRefund("processed", "attention", "TRF_1", "50000"));
        Assert.False((await Http.PaymentAsync("attention", "refunded")).GetProperty("needsRefund").GetBoolean());
    }

    [Fact]
    public async Task Korapays_refund_names_the_payment_as_we_or_as_it_calls_it()
    {
        foreach (var (own, ours) in new[] { ("KPY-PAY-1", "kora-ours-1"), ("KPY-PAY-2", "kora-ours-2") })
        {
            await host.App.KorapaySaysAsync("charge.success",
                new
                {
                    fee = 10,
                    amount = 500,
                    status = "success",
                    currency = "NGN",
                    reference = own,
                    payment_method = "card",
                    payment_reference = ours
                });
            await Http.PaymentAsync(ours);
        }
        await host.App.KorapaySaysAsync("refund.failed", KorapayRefund("failed", "RFD-0", "kora-ours-1", 500));
        await host.App.ProcessedAsync();
        Assert.True((await Http.PaymentAsync("kora-ours-1")).GetProperty("needsRefund").GetBoolean());
        await host.App.KorapaySaysAsync("refund.success", KorapayRefund("success", "RFD-1", "kora-ours-1", 500.00m));
        await host.App.KorapaySaysAsync("refund.success", KorapayRefund("success", "RFD-2", "KPY-PAY-2", 100.00m));
        await Http.PaymentAsync("kora-ours-1", "refunded");
        await host.App.ProcessedAsync();
        Assert.Equal(100_00, (await Http.PaymentAsync("kora-ours-2")).GetProperty("refundedMinor").GetInt64());
    }

    [Fact]
    public async Task Korapays_refund_that_comes_before_its_charge_finds_it_by_our_name_too()
    {
        var id = await ReserveAsync("kora-early");
        await host.App.KorapaySaysAsync("refund.success", KorapayRefund("success", "RFD-E", "kora-early", 500));
        await host.App.ProcessedAsync();
        await host.App.KorapaySaysAsync("charge.success",
            new { amount = 500, status = "success", currency = "NGN", reference = "KPY-PAY-E", payment_reference = "kora-early" });
        Assert.Equal(500_00, (await Http.PaymentAsync("kora-early", "refunded")).GetProperty("refundedMinor").GetInt64());
        Assert.Equal("confirmed", (await Http.ReservationAsync(id)).StatusOf());
        Assert.Equal(1,
            await host.App.ScalarAsync<long>(
                "select count(*) from payments where reference = 'kora-early' or provider_reference = 'kora-early'"));
    }

    [Fact]
    public async Task Two_organizations_with_one_reference_are_told_apart_by_id_or_organization_and_never_guessed()
    {
        var organizations = new[] { $"o{Guid.NewGuid():N}", $"o{Guid.NewGuid():N}" };
        var ids = new List<string>();
        foreach (var organization in organizations)
        {
            using var theirs = host.App.Client(Jwt.Of(organization, "admin"));
            await theirs.StockAsync("shared", 3);
            ids.Add((await theirs.ReserveAsync("shared", 1, "same")).IdOf());
        }
        await host.App.PaystackSaysAsync("charge.success", Charge("same", 500_00));
        Assert.Equal("ambiguousReference", (await Http.PaymentAsync("same")).GetProperty("refundReason").GetString());

        await host.App.PaystackSaysAsync("charge.success",
            Charge("by-id", 500_00, metadata: JsonSerializer.Serialize(new { reservationId = ids[0] })));
        await host.App.KorapaySaysAsync("charge.success",
            new
            {
                reference = "KPY-2",
                payment_reference = "same",
                amount = 500,
                currency = "NGN",
                metadata = new { organization = organizations[1] }
            });
        await host.App.ProcessedAsync();
        foreach (var (organization, id) in organizations.Zip(ids))
        {
            using var theirs = host.App.Client(Jwt.Of(organization, "admin"));
            Assert.Equal("confirmed", (await theirs.ReservationAsync(id)).StatusOf());
            var payments = (await theirs.GetFromJsonAsync<JsonElement>("/api/payments")).GetProperty("payments");
            Assert.Equal(id, Assert.Single(payments.EnumerateArray()).GetProperty("reservationId").GetString());
        }
    }

    [Theory]
    [InlineData("NGN", "150.99", 150_99)]
    [InlineData("NGN", "500", 500_00)]
    [InlineData("XOF", "500", 500)]
    [InlineData("USD", "0.1", 10)]
    public async Task Korapays_amounts_become_the_smallest_unit(string currency, string amount, long minor)
    {
        var reference = $"kora-{currency}-{amount}";
        await host.App.KorapaySaysAsync("charge.success", new { reference, amount = JsonElement.Parse(amount), currency });
        Assert.Equal(minor, (await Http.PaymentAsync(reference)).GetProperty("amountMinor").GetInt64());
    }

    [Fact]
    public async Task An_amount_that_is_none_fails_the_event_at_once()
    {
        await host.App.PaystackSaysAsync("charge.success", new { reference = "odd", amount = "much", currency = "NGN" });
        await host.App.ProcessedAsync();
        Assert.Equal("failed 1",
            await host.App.ScalarAsync<string>(
                "select state || ' ' || attempts from webhook_events where dedupe_key = 'charge.success:odd'"));
    }

    private async Task<string> ReserveAsync(string reference)
    {
        await Http.StockAsync("sku-" + reference, 5);
        return (await Http.ReserveAsync("sku-" + reference, 1, reference)).IdOf();
    }

    // As their documentation shows them.
    private static object PaystackRefund(string status, string transaction, string? refund, string kobo) => new
    {
        status,
        transaction_reference = transaction,
        refund_reference = refund,
        amount = kobo,
        currency = "NGN",
        processor = "instant-transfer",
        customer = new { first_name = "Drew", last_name = "Berry", email = "demo@email.com" },
        integration = 412829,
        domain = "live",
    };

    private static object KorapayRefund(string status, string reference, string payment, decimal amount) =>
        new
        {
            amount,
            status,
            currency = "NGN",
            reference,
            payment_reference = payment,
            refund_date = "2023-01-10T10:00:04.000Z",
            completion_date = "2023-01-10T11:30:00.000Z"
        };
}
