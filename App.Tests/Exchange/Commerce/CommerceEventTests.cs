using System.Net.Http.Json;
using System.Text.Json;
using App.Tests.Exchange.Webhooks;
using App.Tests.Fixtures;

namespace App.Tests.Exchange.Commerce;

/// <summary>
/// What leaves commerce: changed items for Meta's catalog, and events for endpoints. Messages are looked at in the outbox; how they go out
/// is Messages' to test.
/// </summary>
public sealed class CommerceEventTests : IAsyncLifetime
{
    private AppHost app = null!;

    // Nobody listens at the far side: what is added to the outbox stays there.
    public async Task InitializeAsync() =>
        app = await CommerceHost.StartAsync(("META_CATALOG_ID", "1234567890"), ("WHATSAPP_API_BASE_URL", "http://127.0.0.1:9"),
            ("WHATSAPP_ACCESS_TOKEN", "token-of-this-test"), ("EGRESS_ALLOW", "127.0.0.1"));

    public Task DisposeAsync() => app.DisposeAsync().AsTask();

    [Fact]
    public async Task Changed_items_and_no_others_go_to_the_catalog_in_batches()
    {
        using var many = await app.Http.PostAsJsonAsync("/api/catalog/items",
            new
            {
                items = Enumerable.Range(0, 230)
                .Select(i => new { sku = $"s{i:000}", name = "Item", stock = 5, priceMinor = 100, currency = "NGN" })
            });
        Assert.True(many.IsSuccessStatusCode);
        await SentAsync(230);
        Assert.Equal("100 100 30",
            await app.ScalarAsync<string>(
                "select string_agg(json_array_length(body -> 'items')::text, ' ' order by json_array_length(body -> 'items') desc) "
                + "from messages where channel = 'catalog' and recipient = '1234567890'"));

        // What the catalog has said of items stands beside them.
        await app.ExecuteAsync(
            "insert into catalog_reports (organization, item, message_id, error) "
            + "values ('default', 's000', gen_random_uuid(), null), ('default', 's001', gen_random_uuid(), 'no picture'), "
            + "('other', 's002', gen_random_uuid(), 'not ours')");
        var listed = (await app.Http.GetFromJsonAsync<JsonElement>("/api/catalog/items?limit=3")).GetProperty("items")
            .EnumerateArray().Select(item => item.GetProperty("catalog")).ToList();
        Assert.Equal(["taken", "refused"], listed.Take(2).Select(report => report.StatusOf()));
        Assert.Equal("no picture", listed[1].GetProperty("error").GetString());
        Assert.Equal(JsonValueKind.Null, listed[2].ValueKind);

        await app.Http.ReserveAsync("s007", 2, "one");
        await SentAsync(231);
        Assert.Equal("""{"id":"s007","title":"Item","availability":"in stock","inventory":3,"price":"1.00 NGN"}""",
            await app.ScalarAsync<string>(
                "select body #>> '{items,0,data}' from messages where channel = 'catalog' order by id desc limit 1"));
    }

    [Fact]
    public async Task No_change_is_forgotten_while_the_job_gathers()
    {
        using var client = app.ClientOfItsOwn();
        await client.StockAsync("busy", 100_000);
        for (var round = 0; round < 40; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 5).Select(i => client.ReserveAsync("busy", 1, $"r{round}-{i}")));
            // Due at once instead of after the pause, so that jobs and changes meet.
            await app.ExecuteAsync("update jobs set run_at = clock_timestamp() where kind = 'catalog.sync' and state = 'scheduled'");
        }
        await Poll.UntilAsync("nothing is left to be sent",
            async () => await app.ScalarAsync<long>("select count(*) from catalog_items where unsynced") == 0);
        Assert.Equal("99800",
            await app.ScalarAsync<string>(
                "select body #>> '{items,0,data,inventory}' from messages where channel = 'catalog' "
                + "and body #>> '{items,0,data,id}' = 'busy' order by id desc limit 1"));
    }

    [Fact]
    public async Task Endpoints_hear_of_reservations_and_payments_in_the_commit_that_changes_them()
    {
        await app.Http.StockAsync("told", 3);
        using (var made = await app.Http.PostAsJsonAsync("/api/webhook-endpoints",
            new { url = "http://127.0.0.1:9/hook", eventTypes = new[] { "reservation.*", "payment.received" } }))
            Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync());
        var id = (await app.Http.ReserveAsync("told", 1, "told-1")).IdOf();
        await app.PaystackSaysAsync("charge.success", Sender.Charge("told-1", 500_00));
        await app.Http.PaymentAsync("told-1");
        Assert.Equal("payment.received reservation.confirmed",
            await app.ScalarAsync<string>(
                "select string_agg(event_type, ' ' order by event_type) from messages where channel = 'webhook'"));
        var body =
            JsonElement.Parse(await app.ScalarAsync<string>("select body::text from messages where event_type = 'reservation.confirmed'"));
        Assert.Equal(("reservation.confirmed", id), (body.GetProperty("type").GetString(), body.GetProperty("data").IdOf()));
    }

    private Task SentAsync(int items) => Poll.UntilAsync($"{items} items are in the outbox", async () =>
        await app.ScalarAsync<long>(
            "select coalesce(sum(json_array_length(body -> 'items')), 0) from messages where channel = 'catalog'") == items);
}
