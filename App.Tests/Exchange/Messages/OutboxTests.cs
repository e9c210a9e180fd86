using App.Exchange.Messages;
using App.Platform.Database;
using App.Tests.Fixtures;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace App.Tests.Exchange.Messages;

/// <summary>Messages in their caller's transaction, and the order in which they go out.</summary>
public sealed class OutboxTests
{
    [Fact]
    public async Task A_message_goes_out_when_its_transaction_is_committed_and_not_otherwise()
    {
        await using var host = await MessageHost.StartAsync();
        var (kept, undone) = (host.Webhook("/kept"), host.Webhook("/undone"));
        await using (var scope = host.App.Services.CreateAsyncScope())
        {
            var db = scope.ServiceProvider.GetRequiredService<AppDbContext>();
            await using var transaction = await db.Database.BeginTransactionAsync();
            await scope.ServiceProvider.GetRequiredService<Outbox>().AddAsync(db, undone, default);
            await transaction.RollbackAsync();
        }
        await host.AddAsync(kept);
        await host.UntilAsync(kept.Id, "delivered");
        Assert.Equal(["/kept"], host.Sink.Requests.Select(request => request.Path));
        Assert.Equal(0, await host.App.ScalarAsync<long>($"select count(*) from messages where id = '{undone.Id}'"));
    }

    [Fact]
    public async Task Webhooks_of_which_order_is_asked_for_keep_it_even_when_one_must_be_repeated()
    {
        await using var host = await MessageHost.StartAsync();
        host.Sink.Answer = (request, number, context) =>
        {
            // Every fifth request fails.
            if (number % 5 == 0) context.Response.StatusCode = 503;
            return Task.CompletedTask;
        };
        // At the endpoint for two of them, in the messages for the others.
        foreach (var endpoint in (string[])["/r0", "/r1"])
            await host.App.ExecuteAsync(
                $"insert into webhook_endpoints (organization, url, ordered) values ('default', '{host.UrlOf(endpoint)}', true)");
        await host.AddAsync([.. Enumerable.Range(0, 200)
            .Select(n => host.Webhook($"/r{n % 4}", $$"""{"n":{{n}}}""") with { OrderKey = n % 4 < 2 ? null : "house" })]);
        await Poll.UntilAsync("all are delivered",
            async () => await host.App.ScalarAsync<long>("select count(*) from messages where state = 'delivered'") == 200);
        for (var recipient = 0; recipient < 4; recipient++)
        {
            var seen = host.Sink.At($"/r{recipient}").Select(request => request.Body).ToList();
            Assert.True(seen.Count > 50);
            // A repetition follows at once, before anything else.
            Assert.Equal(Enumerable.Range(0, 50).Select(n => $$"""{"n":{{(n * 4) + recipient}}}"""),
                seen.Where((body, i) => i == 0 || seen[i - 1] != body));
        }
    }

    [Fact]
    public async Task Messages_that_are_sent_at_the_same_time_share_a_commit()
    {
        await using var host = await MessageHost.StartAsync();
        var store = host.App.Services.GetRequiredService<MessageStore>();
        // Held, so that nobody has changed them since.
        await host.App.ExecuteAsync("insert into job_queues values ('messages', now())");
        var messages = Enumerable.Range(0, 100).Select(n => host.Webhook($"/m{n}")).ToList();
        var taken = await Task.WhenAll(messages.ConvertAll(message => store.AddAsync(message, default)));
        Assert.Equal(messages.Select(message => message.Id), taken.Select(one => one.Id));
        Assert.Equal(100,
            await host.App.ScalarAsync<long>(
                "select count(*) from messages m join jobs j on j.args::json ->> 'messageId' = m.id::text and j.xmin = m.xmin"));
        Assert.InRange(await host.App.ScalarAsync<long>("select count(distinct xmin::text) from messages"), 1, 50);
    }

    [Fact]
    public async Task One_that_cannot_be_stored_does_not_take_down_those_that_come_with_it()
    {
        await using var host = await MessageHost.StartAsync();
        var store = host.App.Services.GetRequiredService<MessageStore>();
        var messages = Enumerable.Range(0, 20).Select(n => host.Webhook(n == 7 ? "/" + new string('x', 3000) : $"/m{n}")).ToList();
        var taken = messages.ConvertAll(message => store.AddAsync(message, default));
        Assert.Contains("messages_recipient_check", (await Assert.ThrowsAsync<Npgsql.PostgresException>(() => taken[7])).Message);
        await Task.WhenAll(taken.Where((_, n) => n != 7));
        Assert.Equal(19, await host.App.ScalarAsync<long>("select count(*) from messages"));
    }
}
