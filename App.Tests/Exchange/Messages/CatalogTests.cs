using System.Net.Http.Json;
using System.Text.Json;
using App.Tests.Fixtures;

namespace App.Tests.Exchange.Messages;

/// <summary>Batches of items, what the catalog says of them at once and when it has taken them.</summary>
public sealed class CatalogTests : IAsyncLifetime
{
    private readonly CatalogStub catalog = new();
    private MessageHost host = null!;

    public async Task InitializeAsync()
    {
        host = await MessageHost.StartAsync(("WHATSAPP_ACCESS_TOKEN", "EAAG-token"), ("META_CATALOG_ID", "777"),
            ("WHATSAPP_API_BASE_URL", "{sink}/v21.0"));
        host.Sink.Answer = catalog.AnswerAsync;
    }

    public Task DisposeAsync() => host.DisposeAsync().AsTask();

    [Fact]
    public async Task What_is_refused_at_once_and_what_is_refused_later_is_kept_with_items_and_message()
    {
        catalog.Invalid["b"] = "price is missing";
        var ended = false;
        catalog.Batch = _ => ended
            ? new
            {
                status = "finished",
                errors_total_count = 2,
                errors = new[] { new { line = 3, id = "c", message = "The picture cannot be read." } },
                ids_of_invalid_requests = new[] { "c", "d" }
            }
            : new
            {
                status = "started",
                errors_total_count = 0,
                errors = Array.Empty<object>(),
                ids_of_invalid_requests = Array.Empty<string>()
            };
        var id = await PostAsync("a", "b", "c", "d");
        await host.UntilAsync(id, "delivered");
        Assert.Equal(["a", "b", "c", "d"], catalog.Batches.Single());
        Assert.Equal("1 of 4 items were refused: b: price is missing", await ErrorAsync(id));
        await Poll.UntilAsync("it was asked for and has not ended", async () => await LookAsync() && catalog.Questions.Count > 1);
        Assert.Equal("b: price is missing", await ReportsAsync());

        ended = true;
        await UntilCheckedAsync(id, "delivered");
        Assert.All(catalog.Questions, question => Assert.Equal("?handle=handle-1&load_ids_of_invalid_requests=true", question));
        Assert.Equal("3 of 4 items were refused: b: price is missing; c: The picture cannot be read.; d: It gave no reason.",
            await ErrorAsync(id));
        Assert.Equal("a: taken|b: price is missing|c: The picture cannot be read.|d: It gave no reason.", await ReportsAsync());
        Assert.Equal(("delivered", "handle-1"),
            ((await host.GetAsync(id)).GetProperty("receipt").GetString(),
                (await host.GetAsync(id)).GetProperty("providerId").GetString()));
    }

    [Fact]
    public async Task A_batch_of_which_all_was_refused_is_dead_and_can_be_driven_again()
    {
        var broken = true;
        catalog.Batch = _ => new { status = "finished", errors = broken ? new[] { new { line = 1, id = "a", message = "no" } } : [] };
        var id = await PostAsync("a");
        await UntilCheckedAsync(id, "failed");
        Assert.Equal("dead 1 of 1 items were refused: a: no", $"{await host.StateAsync(id)} {await ErrorAsync(id)}");
        broken = false;
        (await host.App.Http.PostAsync($"/api/messages/{id}/redrive", null)).Dispose();
        await UntilCheckedAsync(id, "delivered");
        Assert.Equal(("a: taken", null), (await ReportsAsync(), await ErrorAsync(id)));
    }

    [Fact]
    public async Task Nothing_that_was_taken_on_is_dead_at_once()
    {
        catalog.TakesOn = false;
        catalog.Invalid["b"] = "no price";
        var (silent, told) = (await PostAsync("a"), await PostAsync("b"));
        await host.UntilAsync(silent, "dead");
        await host.UntilAsync(told, "dead");
        Assert.Equal(("It has taken none of the items, and does not say why.", "1 of 1 items were refused: b: no price"),
            (await ErrorAsync(silent), await ErrorAsync(told)));
        Assert.Equal(0, await host.App.ScalarAsync<long>("select count(*) from jobs where kind = 'catalog.check'"));
    }

    [Theory]
    [InlineData("error")]
    [InlineData("canceled")]
    public async Task A_batch_that_broke_off_is_dead_and_says_so(string status)
    {
        catalog.Batch = _ => new { status, errors = new[] { new { line = 0, id = "", message = "Try later." } } };
        var id = await PostAsync("a", "b");
        await UntilCheckedAsync(id, "failed");
        Assert.Equal($"dead The catalog has broken the batch off ({status}): nobody knows which items were taken. It says: Try later.",
            $"{await host.StateAsync(id)} {await ErrorAsync(id)}");
        Assert.Equal("", await ReportsAsync());
    }

    [Fact]
    public async Task A_question_that_is_refused_is_asked_again()
    {
        catalog.Error = new
        {
            message = "(#80009) There have been too many calls to this Catalog account.",
            type = "OAuthException",
            code = 80009
        };
        var id = await PostAsync("a");
        await Poll.UntilAsync("it was refused",
            () =>
                host.App.ScalarAsync<bool>(
                    "select exists (select from jobs where kind = 'catalog.check' and state = 'scheduled' "
                    + "and errors::text like '%80009%')"));
        catalog.Error = null;
        await UntilCheckedAsync(id, "delivered");
        Assert.Equal("a: taken", await ReportsAsync());
    }

    [Fact]
    public async Task A_batch_that_never_ends_is_given_up_after_a_day_and_the_message_says_so()
    {
        catalog.Batch = _ => null;
        var id = await PostAsync("a");
        await host.UntilAsync(id, "delivered");
        await host.App.ExecuteAsync("update messages set sent_at = sent_at - interval '25 h'");
        await Poll.UntilAsync("it is given up",
            async () =>
                await LookAsync()
                    && await host.App.ScalarAsync<bool>(
                        "select exists (select from jobs where kind = 'catalog.check' and state = 'dead')"));
        Assert.Equal("delivered The catalog has not said within 24 hours what came of the batch.",
            $"{await host.StateAsync(id)} {await ErrorAsync(id)}");
    }

    [Fact]
    public async Task An_earlier_batch_that_ends_late_does_not_speak_for_items_that_were_sent_since()
    {
        var first = 0;
        catalog.Batch = number => number == 1 && Volatile.Read(ref first) == 0
            ? new { status = "in_progress", errors = Array.Empty<object>() }
            : new { status = "finished", errors = number == 1 ? new[] { new { line = 1, id = "a", message = "old" } } : [] };
        var (earlier, later) = (await PostAsync("a", "b"), await PostAsync("a"));
        await UntilCheckedAsync(later, "delivered");
        Volatile.Write(ref first, 1);
        await UntilCheckedAsync(earlier, "delivered");
        Assert.Equal("a: taken|b: taken", await ReportsAsync());
        Assert.Equal("1 of 2 items were refused: a: old", await ErrorAsync(earlier));
    }

    [Fact]
    public async Task A_batch_without_items_that_can_be_read_is_not_taken()
    {
        using var response = await host.App.Http.PostAsJsonAsync("/api/messages",
            new
            {
                channel = "catalog",
                to = "777",
                body = new
                {
                    items = new object[] { new { method = "PUT", data = new { } },
                    new { method = "UPDATE", data = new { id = new string('x', 129) } } }
                }
            });
        Assert.Equal(422, (int)response.StatusCode);
        var fields = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors")
            .EnumerateArray().Select(error => error.GetProperty("field").GetString());
        Assert.Equal(["body.items[0].method", "body.items[0].data.id", "body.items[1].data.id"], fields);
    }

    private Task<Guid> PostAsync(params string[] items) =>
        host.PostAsync("catalog", "777",
            new { items = items.Select(id => new { method = "UPDATE", data = new { id, availability = "in stock" } }) });

    // The next question is due.
    private async Task<bool> LookAsync()
    {
        await host.App.ExecuteAsync(
            "update jobs set run_at = clock_timestamp() where kind = 'catalog.check' and state = 'scheduled' "
            + "and run_at > clock_timestamp()");
        return true;
    }

    private Task UntilCheckedAsync(Guid id, string receipt) => Poll.UntilAsync($"message {id} is {receipt}", async () =>
        await LookAsync()
            && await host.App.ScalarAsync<bool>($"select receipt is not distinct from '{receipt}' from messages where id = '{id}'"),
        whatElse: () => JsonSerializer.Serialize(host.GetAsync(id).GetAwaiter().GetResult()));

    private async Task<string?> ErrorAsync(Guid id) => (await host.GetAsync(id)).GetProperty("error").GetString();

    private Task<string> ReportsAsync() =>
        host.App.ScalarAsync<string>(
            "select coalesce(string_agg(item || ': ' || coalesce(error, 'taken'), '|' order by item), '') from catalog_reports "
            + "where organization = 'default'");
}
