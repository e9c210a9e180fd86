using App.Tests.Exchange.Commerce;
using App.Tests.Exchange.Messages;
using App.Tests.Fixtures;

namespace App.Tests.Exchange.Webhooks;

/// <summary>Statuses of messages that we sent: by our id or the provider's, in any order, however often.</summary>
public sealed class WhatsAppStatusTests : IAsyncLifetime
{
    private MessageHost host = null!;

    public async Task InitializeAsync()
    {
        host = await MessageHost.StartAsync(("WHATSAPP_ACCESS_TOKEN", "token"), ("WHATSAPP_PHONE_NUMBER_ID", "123"),
            ("WHATSAPP_API_BASE_URL", "{sink}"), ("WHATSAPP_APP_SECRET", CommerceHost.Secret));
        host.Sink.Answer = (request, n, context) =>
            HttpStub.JsonAsync(context, $$"""{"messaging_product":"whatsapp","messages":[{"id":"wamid.out.{{n}}"}]}""");
    }

    public Task DisposeAsync() => host.DisposeAsync().AsTask();

    [Fact]
    public async Task A_status_never_goes_backwards_and_may_name_either_id()
    {
        var (first, second) = (await SentAsync("+2348000000001"), await SentAsync("+2348000000002"));
        var provider = await host.App.ScalarAsync<string>($"select provider_id from messages where id = '{second}'");
        // Both in one delivery, the later word first.
        await host.App.MetaSaysAsync(Statuses(ByOurs(first, "read", 1763805660), ByTheirs(provider, "delivered", 1763805650)),
            Statuses(ByOurs(first, "sent", 1763805600)));
        await host.App.MetaSaysAsync(Statuses(ByOurs(first, "delivered", 1763805640)));
        await host.App.ProcessedAsync();
        Assert.Equal("read delivered", await ReceiptsAsync(first, second));

        await host.App.MetaSaysAsync(
            Statuses(ByTheirs(provider, "read", 1763805700), ByTheirs("wamid.of.nobody", "read", 1763805700),
                ByTheirs(provider, "pondered", 1763805701)));
        await host.App.ProcessedAsync();
        Assert.Equal("read read", await ReceiptsAsync(first, second));
    }

    [Fact]
    public async Task A_failure_is_kept_with_its_code()
    {
        var id = await SentAsync("+2348000000003");
        await host.App.MetaSaysAsync(Statuses(new { id = "x", biz_opaque_callback_data = (string?)null, status = "sent" }, new
        {
            id = await host.App.ScalarAsync<string>($"select provider_id from messages where id = '{id}'"),
            status = "failed",
            timestamp = "1763805600",
            recipient_id = "2348000000003",
            errors = new[] { new { code = 131026, title = "Message undeliverable", error_data = new { details = "Not on WhatsApp." } } },
        }));
        await host.UntilAsync(id, "dead");
        Assert.Equal("131026 Not on WhatsApp.",
            await host.App.ScalarAsync<string>($"select error_code || ' ' || error from messages where id = '{id}'"));
    }

    private async Task<Guid> SentAsync(string to)
    {
        var id = await host.PostAsync("whatsapp", to, new { text = "Hello" });
        await host.UntilAsync(id, "delivered");
        return id;
    }

    private Task<string> ReceiptsAsync(Guid first, Guid second) =>
        host.App.ScalarAsync<string>(
            $"select (select receipt from messages where id = '{first}') || ' ' || (select receipt from messages where id = '{second}')");

    private static object Statuses(params object[] statuses) =>
        new { messaging_product = "whatsapp", metadata = new { phone_number_id = "123" }, statuses };

    private static object ByOurs(Guid id, string status, long at) =>
        new { id = (string?)null, status, timestamp = $"{at}", biz_opaque_callback_data = id.ToString() };

    private static object ByTheirs(string id, string status, long at) => new { id, status, timestamp = $"{at}" };
}
