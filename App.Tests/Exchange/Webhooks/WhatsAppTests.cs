using App.Tests.Exchange.Commerce;

namespace App.Tests.Exchange.Webhooks;

/// <summary>Messages and statuses of WhatsApp: many in a delivery, repeated, regrouped.</summary>
public sealed class WhatsAppTests(CommerceHost host) : IClassFixture<CommerceHost>
{
    [Fact]
    public async Task Messages_of_all_entries_are_stored_once_with_what_can_be_read_of_them()
    {
        var first = Value(Text("wamid.1", "Is it there? 😀"),
            new
            {
                id = "wamid.2",
                from = "2348000000001",
                timestamp = "1763805600",
                type = "image",
                image = new { id = "m1", caption = "this one" }
            });
        var second =
            Value(new
            {
                id = "wamid.3",
                from = "2348000000001",
                timestamp = "1763805601",
                type = "interactive",
                interactive = new { type = "button_reply", button_reply = new { id = "yes", title = "Yes, please" } }
            });
        await host.App.MetaSaysAsync(first, second);
        // Meta sends again what it thinks is lost, grouped as it likes.
        await host.App.MetaSaysAsync(first, second);
        await host.App.MetaSaysAsync(Value(Text("wamid.1", "Is it there? 😀")), second);
        await host.App.ProcessedAsync();

        Assert.Equal("wamid.1=Is it there? 😀|wamid.2=this one|wamid.3=Yes, please", await host.App.ScalarAsync<string>(
            "select string_agg(external_id || '=' || text, '|' order by external_id) from inbound_messages "
            + "where external_id in ('wamid.1', 'wamid.2', 'wamid.3')"));
        Assert.Equal("default whatsapp 2348000000001 Ada phone-1 text 2025-11-22 10:00:00+00", await host.App.ScalarAsync<string>(
            "select organization || ' ' || channel || ' ' || sender || ' ' || sender_name || ' ' || recipient || ' ' || type || ' ' || "
            + "(sent_at at time zone 'UTC')::text || '+00' from inbound_messages where external_id = 'wamid.1'"));
    }

    [Fact]
    public async Task A_message_of_a_kind_that_nobody_knows_is_stored_whole()
    {
        await host.App.MetaSaysAsync(
            Value(new { id = "wamid.9", from = "2348000000002", timestamp = "x", type = "hologram", hologram = new { depth = 3 } }));
        await host.App.ProcessedAsync();
        Assert.Equal("hologram 3 -",
            await host.App.ScalarAsync<string>(
                "select type || ' ' || (raw #>> '{hologram,depth}') || ' ' || coalesce(text, '-') from inbound_messages "
                + "where external_id = 'wamid.9'"));
    }

    private static object Text(string id, string body) =>
        new { id, from = "2348000000001", timestamp = "1763805600", type = "text", text = new { body } };

    private static object Value(params object[] messages) => new
    {
        messaging_product = "whatsapp",
        metadata = new { display_phone_number = "2349000000000", phone_number_id = "phone-1" },
        contacts = new[] { new { wa_id = "2348000000001", profile = new { name = "Ada" } } },
        messages,
    };
}
