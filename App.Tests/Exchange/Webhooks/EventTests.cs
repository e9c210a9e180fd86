using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using App.Exchange.Webhooks;
using App.Platform.Database;
using App.Platform.Leases;
using App.Tests.Exchange.Commerce;
using App.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using static App.Tests.Exchange.Webhooks.Sender;

namespace App.Tests.Exchange.Webhooks;

/// <summary>Stored events are seen, done again, and pruned.</summary>
public sealed class EventTests : IAsyncLifetime
{
    private AppHost app = null!;

    public async Task InitializeAsync() => app = await CommerceHost.StartAsync();

    public Task DisposeAsync() => app.DisposeAsync().AsTask();

    [Fact]
    public async Task An_event_is_listed_by_provider_and_state_and_shown_as_it_came()
    {
        await app.PaystackSaysAsync("charge.success", Charge("seen", 100));
        await app.KorapaySaysAsync("transfer.success", new { reference = "t" });
        await app.PaystackSaysAsync("charge.success", new { reference = "odd", amount = -1, currency = "NGN" });
        await app.ProcessedAsync();

        Assert.Equal(["odd", "seen"], await KeysAsync("?provider=paystack"));
        Assert.Equal(["odd"], await KeysAsync("?state=failed"));
        Assert.Equal(["seen"],
            await KeysAsync(
                $"?provider=paystack&limit=1&cursor={(await ListAsync("?provider=paystack&limit=1")).GetProperty("next").GetString()}"));
        var processed = (await ListAsync("?state=processed&provider=paystack")).GetProperty("events")[0];
        var one = await app.Http.GetFromJsonAsync<JsonElement>($"/api/webhook-events/{processed.GetProperty("id").GetInt64()}");
        Assert.Equal("seen",
            JsonElement.Parse(one.GetProperty("body").GetString()!).GetProperty("data").GetProperty("reference").GetString());
        Assert.Equal(128, one.GetProperty("headers").GetProperty("x-paystack-signature").GetString()!.Length);
        Assert.Contains("unknownReference", one.GetProperty("outcome").GetString());
        using var faulty = await app.Http.GetAsync("/api/webhook-events?state=gone&provider=stripe");
        Assert.Equal(2, (await faulty.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").GetArrayLength());
    }

    [Fact]
    public async Task Events_are_the_operators_alone()
    {
        using var tenant = app.ClientOfItsOwn();
        using var answer = await tenant.GetAsync("/api/webhook-events");
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Contains("'default'", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_replay_of_what_was_done_does_nothing_more_and_one_of_what_failed_does_it()
    {
        await app.Http.StockAsync("again", 2);
        var reservation = (await app.Http.ReserveAsync("again", 1, "again")).IdOf();
        await app.ExecuteAsync("alter table payments add constraint away check (false) not valid");
        await app.PaystackSaysAsync("charge.success", Charge("again", 500_00));
        await Poll.UntilAsync("an attempt has failed",
            async () =>
                await app.ScalarAsync<long>(
                    "select count(*) from webhook_events where attempts > 0 and error is not null and state = 'received'") == 1);
        await app.ExecuteAsync("alter table payments drop constraint away");
        var id = await app.ScalarAsync<long>("select id from webhook_events");

        using var replayed = await app.Http.PostAsync($"/api/webhook-events/{id}/replay", null);
        Assert.Equal(HttpStatusCode.Accepted, replayed.StatusCode);
        await app.Http.PaymentAsync("again");
        Assert.Equal("confirmed", (await app.Http.ReservationAsync(reservation)).StatusOf());

        await app.ProcessedAsync();
        var done = await app.ScalarAsync<DateTime>("select processed_at from webhook_events");
        (await app.Http.PostAsync($"/api/webhook-events/{id}/replay", null)).Dispose();
        await Poll.UntilAsync("it is processed again",
            async () => await app.ScalarAsync<DateTime>("select processed_at from webhook_events") > done);
        Assert.Equal(1, await app.ScalarAsync<long>("select count(*) from payments where needs_refund = false"));
        using var missing = await app.Http.PostAsync("/api/webhook-events/999/replay", null);
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
    }

    [Fact]
    public async Task What_is_older_than_it_is_kept_is_pruned_by_the_leader_and_by_nobody_else()
    {
        // No worker runs here, so nobody else leads or prunes.
        await using var web = await CommerceHost.StartAsync(("WORKER_ENABLED", "false"));
        await web.PaystackSaysAsync("transfer.success", new { reference = "old" });
        await web.PaystackSaysAsync("transfer.success", new { reference = "new" });
        await web.ExecuteAsync(
            "update webhook_events set state = 'processed', processed_at = now(), received_at = received_at - case "
            + "when dedupe_key like '%old' then interval '31 days' else interval '0' end");
        var postgres = web.Services.GetRequiredService<Postgres>();
        var pruning = new WebhookPruning(postgres, web.Services.GetRequiredService<WebhookOptions>(), NullLogger<WebhookPruning>.Instance);
        var lease = new Lease(postgres, "leader", TimeSpan.FromMinutes(10));
        var epoch = (await lease.AcquireAsync(default))!.Value;

        await Assert.ThrowsAsync<LeaseLostException>(() => pruning.RunOnceAsync(lease.FenceOf(epoch - 1), default));
        Assert.Equal(2, await web.ScalarAsync<long>("select count(*) from webhook_events"));
        Assert.Equal(1, await pruning.RunOnceAsync(lease.FenceOf(epoch), default));
        Assert.Equal("transfer.success:new", await web.ScalarAsync<string>("select dedupe_key from webhook_events"));
    }

    private Task<JsonElement> ListAsync(string query) => app.Http.GetFromJsonAsync<JsonElement>("/api/webhook-events" + query);

    private async Task<string[]> KeysAsync(string query) =>
        [.. (await ListAsync(query)).GetProperty("events")
            .EnumerateArray().Select(one => one.GetProperty("key").GetString()!.Split(':')[1])];
}
