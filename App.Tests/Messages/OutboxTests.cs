using App.Messages;
using App.Platform.Database;
using App.Tests.Fixtures;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace App.Tests.Messages;

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
    public async Task Messages_to_one_recipient_go_out_in_their_order_even_when_one_must_be_repeated()
    {
        await using var host = await MessageHost.StartAsync();
        host.Sink.Answer = (request, number, context) =>
        {
            // Every fifth request fails.
            if (number % 5 == 0) context.Response.StatusCode = 503;
            return Task.CompletedTask;
        };
        await host.AddAsync([.. Enumerable.Range(0, 200).Select(n => host.Webhook($"/r{n % 4}", $$"""{"n":{{n}}}"""))]);
        await Poll.UntilAsync("all are delivered", async () => await host.App.ScalarAsync<long>("select count(*) from messages where state = 'delivered'") == 200);
        for (var recipient = 0; recipient < 4; recipient++)
        {
            var seen = host.Sink.At($"/r{recipient}").Select(request => request.Body).ToList();
            Assert.True(seen.Count > 50);
            // A repetition follows at once, before anything else.
            Assert.Equal(Enumerable.Range(0, 50).Select(n => $$"""{"n":{{(n * 4) + recipient}}}"""), seen.Where((body, i) => i == 0 || seen[i - 1] != body));
        }
    }
}
